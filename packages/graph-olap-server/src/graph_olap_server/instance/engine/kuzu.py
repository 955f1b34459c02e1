"""Kuzu, the default engine."""

from __future__ import annotations

from typing import Any, ClassVar

from graph_olap_server.instance.engine.cypher_engine import CypherEngine

__all__ = ["KuzuEngine"]


class KuzuEngine(CypherEngine):
    """The adapter of Kuzu."""

    name: ClassVar[str] = "kuzu"
    # Its zone maps compare bits of different types: ``WHERE n.age < 2.5`` skips every block of an INT64 property.
    connection_settings: ClassVar[tuple[str, ...]] = ("CALL enable_zone_map=false",)

    @classmethod
    def _library(cls) -> Any:
        import kuzu

        return kuzu
