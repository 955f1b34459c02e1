"""The page about NetworkX functions says what the code does: kinds of results, and what is not in the catalogue."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import get_args

import networkx as nx
from graph_olap_server.instance.networkx_bridge.catalog import entries
from graph_olap_server.instance.networkx_bridge.columns import columns_of
from graph_olap_server.instance.networkx_bridge.kinds import Kind, shown_kind

PAGE = (Path(__file__).parents[5] / "docs/reference/networkx.md").read_text(encoding="utf-8")


def table_under(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


KINDS_ON_THE_PAGE = {row[0].replace("`", ""): row for row in table_under("Results")}
OF_PATHS = "node_sets of paths"


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_kind_is_on_the_page():
    assert set(KINDS_ON_THE_PAGE) - {OF_PATHS} == {shown_kind(kind) for kind in get_args(Kind)}


def test_the_page_names_what_cannot_be_called():
    listed = [name for row in table_under("What cannot be called") for name in names_in(row[1])]
    known = {getattr(entry.function, "orig_func", entry.function) for entry in entries().values()}
    missing = set()
    for module in pkgutil.walk_packages(nx.algorithms.__path__, "networkx.algorithms."):
        if ".tests" not in module.name:
            members = vars(importlib.import_module(module.name))
            for name in members.get("__all__", ()):
                found = getattr(members.get(name), "orig_func", members.get(name))
                if callable(found) and found not in known:
                    missing.add(name)
    assert sorted(listed) == sorted(missing)


def test_parts_of_a_tuple_that_are_no_values_of_nodes_are_rows():
    result = {"kind": "tuple", "items": [{"kind": "scalar", "value": 2}, {"kind": "node_list", "nodes": []}]}
    assert [(column.name, column.values) for column in columns_of(result)] == [
        ("part", [1, 2]),
        ("kind", ["scalar", "node_list"]),
        ("value", [2, {"kind": "node_list", "nodes": []}]),
    ]
