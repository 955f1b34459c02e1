"""What kernels complain about, told in the analyst's terms."""

from __future__ import annotations

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.nodes import NodeReferences

__all__ = ["with_names"]

_SHOWN = 10


def with_names(error: PlatformError, references: NodeReferences) -> PlatformError:
    """Return the error with the nodes that a kernel knows by dense id only: ``{nodes}`` in its message, and details."""
    if "{nodes}" not in error.message:
        return error
    nodes = [references.reference(int(node)) for node in error.details["nodes"]]
    shown = [str(node["key"]) for node in nodes[:_SHOWN]] + ["..."] * (len(nodes) > _SHOWN)
    message = error.message.replace("{nodes}", " -> ".join(shown))
    return PlatformError(error.code, message, {**error.details, "nodes": nodes})
