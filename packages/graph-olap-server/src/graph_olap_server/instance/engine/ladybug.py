"""Ladybug, the maintained successor of Kuzu, with the same dialect."""

from __future__ import annotations

from typing import Any, ClassVar

from graph_olap_server.instance.engine.cypher_engine import CypherEngine

__all__ = ["LadybugEngine"]


class LadybugEngine(CypherEngine):
    """The adapter of Ladybug."""

    name: ClassVar[str] = "ladybug"
    can_index: ClassVar[bool] = False  # they are extensions to download

    @classmethod
    def _library(cls) -> Any:
        import ladybug

        return ladybug
