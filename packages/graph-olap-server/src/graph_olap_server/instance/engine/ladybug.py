"""Ladybug, the maintained successor of Kuzu, with the same dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.cypher_engine import CypherEngine
from graph_olap_server.instance.engine.edits import apply_edits
from graph_olap_server.instance.engine.prepare import Prepared
from graph_olap_server.instance.engine.sorted_rows import kept_order_edits
from graph_olap_server.instance.tokens import tokenise

__all__ = ["LadybugEngine"]


class LadybugEngine(CypherEngine):
    """The adapter of Ladybug."""

    name: ClassVar[str] = "ladybug"
    can_index: ClassVar[bool] = False  # they are extensions to download

    @classmethod
    def _library(cls) -> Any:
        import ladybug

        return ladybug

    def _prepared(
        self, statement: str, parameters: Mapping[str, Any], catalog: Catalog, *, explained: bool
    ) -> Prepared:
        prepared = super()._prepared(statement, parameters, catalog, explained=explained)
        kept = apply_edits(prepared.text, kept_order_edits(tokenise(prepared.text)))
        return replace(
            prepared,
            text=kept.text,
            original_position=lambda position: prepared.original_position(kept.original_position(position)),
        )
