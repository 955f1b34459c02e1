"""Kuzu, the default engine."""

from __future__ import annotations

from typing import Any, ClassVar

from graph_olap_server.instance.engine.cypher_engine import CypherEngine

__all__ = ["KuzuEngine"]


class KuzuEngine(CypherEngine):
    """The adapter of Kuzu."""

    name: ClassVar[str] = "kuzu"

    @classmethod
    def _library(cls) -> Any:
        import kuzu

        return kuzu
