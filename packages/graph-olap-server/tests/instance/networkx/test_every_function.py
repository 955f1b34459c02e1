"""Every function of the catalogue is called, and gives what NetworkX gives on the equal graph."""

from __future__ import annotations

import warnings

from graph_olap_server.instance.networkx_bridge.kinds import KINDS, kind_of, parts_of, shown_kind
from graph_olap_server.instance.networkx_bridge.parameters import bind
from graph_olap_server.instance.networkx_bridge.run import run

from .calls import Call, call_of
from .comparison import INFOS, compared_with_the_library
from .graphs import GRAPHS
from .test_networkx_page import KINDS_ON_THE_PAGE, OF_PATHS, names_in


def through_the_bridge(name: str, call: Call, *, write: bool = False, stream: bool = False):
    sample, problems = GRAPHS[call.graph], []
    arguments = bind(INFOS[name], call.given, sample.nodes.index, problems)
    assert problems == []
    return run(
        **sample.arrays(call.numbers),
        name=name,
        arguments=arguments,
        directed=call.directed,
        edge_count=len(sample.edges),
        integers=call.numbers,
        node_attributes=sample.node_attributes(),
        write=write,
        stream=stream,
    )


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", sorted(INFOS))


def test_it_gives_what_the_library_gives(bridge, name):
    result = compared_with_the_library(bridge, name, call_of(INFOS[name]))
    assert result["kind"] == shown_kind(kind_of(name))


def test_its_result_has_the_columns_of_its_kind_and_is_written_as_the_page_says(name):
    call = call_of(INFOS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        streamed = through_the_bridge(name, call, stream=True)
        written = through_the_bridge(name, call, write=True)
    kind = streamed.result["kind"]
    _, _, _, columns, place = KINDS_ON_THE_PAGE[OF_PATHS if kind_of(name) == "paths" else kind]
    found = [column for part in streamed.columns for column in _column_names(part)]
    assert set(found) <= set(names_in(columns))
    lengths = {len(column.values if column.offsets is None else column.offsets[1:]) for column in streamed.columns}
    assert len(lengths) == 1
    counted = ("node_map", "edge_map", "edge_list", "pair_scores", "mapping", "sequence")
    if kind in counted or kind_of(name) == "paths":
        assert lengths == {streamed.result["count"]}
    assert written.result["kind"] == kind
    assert bool(written.nodes) == (place.endswith("to nodes") or "node_map" in parts_of(name))
    assert (written.edges is not None) == place.endswith("to relationships")
    assert (written.warning is None) == bool(written.nodes or written.edges)
    assert lengths != {0}, "an empty result proves little"


def _column_names(column):
    if column.type_name != "NODE" or column.offsets is not None:
        return [column.name]
    return ["_id", "_label", "key"] if column.name == "node" else [f"{column.name}_label", column.name]


def test_every_function_has_a_kind_and_every_kind_is_of_a_function():
    listed = [name for names in KINDS.values() for name in names]
    assert sorted(listed) == sorted(INFOS)
