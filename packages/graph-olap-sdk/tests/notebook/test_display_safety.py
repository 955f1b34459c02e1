"""What notebooks and terminals show: complete, escaped, aligned."""

from __future__ import annotations

import html.parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_olap import PaginatedList, QueryResult, models
from graph_olap._page import ModelList, Records
from graph_olap.display import escape, text_table
from graph_olap.styles import get_notebook_css

HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;"
ALLOWED = {"div", "table", "thead", "tbody", "tr", "th", "td", "span", "strong", "pre"}


class _Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def _parse(text):
    parser = _Tags()
    parser.feed(text)
    parser.close()
    return parser


def _objects(wire, text):
    definitions = {
        "node_definitions": [
            {
                "label": text,
                "sql": text,
                "primary_key": {"name": text, "type": text},
                "properties": [{"name": text, "type": text}],
            }
        ],
        "edge_definitions": [
            {"type": text, "from_node": text, "to_node": text, "sql": text, "from_key": text, "to_key": text}
        ],
    }
    mapping = models.Mapping.from_dict(wire.mapping(name=text, description=text, **definitions))
    report = wire.load_report()
    report["on_bad_rows"] = text
    report["definitions"][1].update(
        name=text, type=text, rejected=[{"reason": text, "rows": 3, "column": text, "sample_keys": [text]}]
    )
    diff = {
        "mapping_id": 1,
        "from_version": 1,
        "to_version": 2,
        "summary": {"nodes_added": 1},
        "changes": {"nodes": [{"label": text, "change_type": "added"}]},
    }
    return [
        mapping,
        models.Snapshot.from_dict(
            wire.snapshot(name=text, status=text, error_message=text, node_counts={text: 1}, edge_counts={})
        ),
        models.Instance.from_dict(wire.instance(name=text, status=text, error_message=text)),
        models.LoadReport.from_dict(report),
        models.MappingDiff.from_dict(diff),
        models.LockStatus(locked=True, holder_name=text),
        QueryResult.from_reply(
            {"columns": [text], "column_types": ["STRING"], "rows": [[text], [{"k": text}], [None]], "warnings": [text]}
        ),
        PaginatedList([mapping], 1, 0, 50),
        models.Schema.from_graph_schema(
            models.GraphSchema(
                node_tables=[
                    models.NodeTable(label=text, primary_key=text, primary_key_type=text, properties={text: text})
                ],
                edge_tables=[models.EdgeTable(type=text, from_node=text, to_node=text)],
            )
        ),
        models.AlgorithmExecution(
            execution_id="x",
            algorithm_name=text,
            algorithm=text,
            algorithm_type=text,
            status=text,
            started_at="2026-01-01T00:00:00Z",
            result={text: [text], "k": [{text: text}]},
        ),
        models.AlgorithmInfo(
            name=text,
            type=text,
            category=text,
            description=text,
            parameters=[models.AlgorithmParameter(name=text, type=text)],
        ),
    ]


@pytest.mark.parametrize("index", range(11))
def test_hostile_text_stays_text(wire, index):
    shown = _objects(wire, HOSTILE)[index]._repr_html_()
    parsed = _parse(shown)
    assert parsed.tags <= ALLOWED
    assert parsed.attributes <= {"class"}
    assert "alert(1)" in parsed.text


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=50))
def test_escaped_text_is_read_back_unchanged(text):
    parsed = _parse(f"<td>{escape(text)}</td>")
    assert parsed.tags == {"td"}
    assert parsed.text.replace("\r\n", "\n").replace("\r", "\n") == text.replace("\r\n", "\n").replace("\r", "\n")


def test_long_values_are_shortened():
    assert len(escape("x" * 10_000)) == 200


def test_the_load_report_is_a_table_for_terminals_and_frames(wire):
    report = models.LoadReport.from_dict(wire.load_report())
    assert str(report).splitlines() == [
        "Load report of snapshot 9: 1,002 of 1,005 rows were loaded, 3 rejected (on_bad_rows is 'report').",
        "definition  kind  rows read  loaded  rejected  reason                sample keys",
        "----------  ----  ---------  ------  --------  --------------------  ------------",
        "Account     node          5       5         0",
        "PAID        edge       1000     997         3  dangling_to (dst): 3  X1, <script>",
    ]
    pytest.importorskip("polars")
    frame = report.to_polars()
    assert frame["rows_rejected"].to_list() == [0, 3]
    assert frame["reason"].to_list() == [None, "dangling_to"]
    assert list(report.to_pandas()["sample_keys"])[1] == "X1, <script>"


def test_a_clean_load_report_says_so(wire):
    clean = wire.load_report(definitions=wire.load_report()["definitions"][:1])
    assert str(models.LoadReport.from_dict(clean)).startswith("Load report of snapshot 9: all 5 rows were loaded.")


def test_text_tables_align_numbers_and_survive_line_breaks():
    assert text_table(["a", "n"], [["x\ny", 1], ["z", 20]]).splitlines() == [
        "a     n",
        "---  --",
        "x y   1",
        "z    20",
    ]


def test_cells_say_nothing_where_there_is_nothing_to_say_and_times_are_short(wire):
    assert "null" not in models.LoadReport.from_dict(wire.load_report())._repr_html_()
    instance = models.Instance.from_dict(wire.instance(created_at="2026-01-02T03:04:05.678901Z"))
    for shown in (instance._repr_html_(), PaginatedList([instance], 1, 0, 50)._repr_html_(), str(instance)):
        assert "2026-01-02 03:04:05 UTC" in shown


def test_printed_models_have_a_line_a_field(wire):
    lines = str(models.Instance.from_dict(wire.instance(name="study"))).splitlines()
    assert lines[0] == "Instance"
    assert [line.split() for line in lines if "study" in line] == [["name", "study"]]
    assert str(QueryResult.from_reply({"columns": ["x"], "column_types": ["INT64"], "rows": [[1]]})).startswith("x\n-")


def test_graph_elements_look_like_patterns_in_tables():
    nodes = [{"_id": n, "_label": "Person", "name": name, "age": None} for n, name in enumerate(["Ada", "Bob", "Cyd"])]
    rels = [
        {"_id": 0, "_type": "KNOWS", "_src": 0, "_dst": 1, "since": 2019},
        {"_id": 1, "_type": "X", "_src": 2, "_dst": 1},
    ]
    path = {"_nodes": nodes, "_rels": rels, "_length": 2}
    reply = {"columns": ["p", "n"], "column_types": ["PATH", "NODE"], "rows": [[path, nodes[0]]]}
    result = QueryResult.from_reply(reply)
    ada, bob, cyd = (f"(:Person {{name: '{name}'}})" for name in ("Ada", "Bob", "Cyd"))
    expected = f"{ada}-[:KNOWS {{since: 2019}}]->{bob}<-[:X]-{cyd}"
    assert expected in _parse(result._repr_html_()).text
    assert repr(result).splitlines()[2].endswith(ada)
    assert result.rows[0][0] == path


def test_lists_of_dictionaries_are_tables_too(wire):
    rows = Records([{"name": HOSTILE, "status": HOSTILE, "steps": [HOSTILE], "n": 1}] * 3, ("name", "status"))
    assert rows == list(rows)
    parsed = _parse(rows._repr_html_())
    assert parsed.tags <= ALLOWED
    assert parsed.text.count("alert(1)") == 6
    assert "3 rows" in parsed.text
    assert "steps" not in _parse(Records(rows)._repr_html_()).text
    assert "200 of 500 rows" in _parse(Records([{"n": 1}] * 500)._repr_html_()).text
    assert Records()._repr_html_()
    pytest.importorskip("polars")
    assert rows.to_polars().columns == ["name", "status", "n"]
    assert list(rows.to_pandas().columns) == ["name", "status", "n"]


def test_a_list_of_versions_shows_what_changed(wire):
    mapping = models.Mapping.from_dict(wire.mapping())
    version = models.MappingVersion(
        mapping_id=4, version=2, change_description="less", created_at=mapping.created_at, created_by="ada",
        node_definitions=[], edge_definitions=[],
    )  # fmt: skip
    shown = _parse(ModelList([version])._repr_html_()).text
    for word in ("version", "change_description", "less", "created_by"):
        assert word in shown


def test_the_status_in_a_list_is_a_badge(wire):
    page = PaginatedList([models.Instance.from_dict(wire.instance(status="failed"))], 1, 0, 50)
    assert '<span class="go-badge go-badge-danger">failed</span>' in page._repr_html_()


def test_a_proposal_is_definitions_with_their_evidence():
    proposal = models.MappingProposal(
        catalog_name=HOSTILE,
        schema_name="main",
        node_definitions=[
            {"label": "N", "sql": HOSTILE, "primary_key": {"name": "id", "type": "INT64"}, "properties": []}
        ],
        evidence=[{"definition": "N", "kind": "key", "table": HOSTILE, "columns": ["id"], "basis": ["declared"]}],
        left_out=[{"table": "log", "reason": HOSTILE}],
        complete=False,
    )
    parsed = _parse(proposal._repr_html_())
    assert parsed.tags <= ALLOWED
    for word in ("1 node labels", "(id); declared", "log", "time limit"):
        assert word in parsed.text


def test_every_rule_for_cells_wins_over_the_rules_of_jupyter():
    # `.jp-RenderedHTMLCommon tbody tr:nth-child(odd)` and its like align all cells to the right.
    cells = [line for line in get_notebook_css().splitlines() if line.startswith((".go-table", ".go-facts"))]
    assert cells == []


def test_pages_and_results_tell_how_much_is_shown(wire):
    rows = [[i] for i in range(60)]
    result = QueryResult.from_reply({"columns": ["x"], "column_types": ["INT64"], "rows": rows, "truncated": True})
    assert "50 of 60 rows" in result._repr_html_()
    assert "10 of 60 rows, 0 ms, cut by max_rows" in repr(result)
    page = PaginatedList([models.Mapping.from_dict(wire.mapping())], 41, 20, 1)
    assert "21 to 21 of 41" in page._repr_html_()


def test_every_class_used_in_html_has_a_style(wire):
    css = get_notebook_css()
    shown = "".join(thing._repr_html_() for thing in _objects(wire, "x"))
    used = {name for part in shown.split('class="')[1:] for name in part.split('"')[0].split()}
    missing = {name for name in used if f".{name}" not in css}
    assert not missing
    for block in ("light-dark(", "@media print", ".go-progress", ".go-alert-warning"):
        assert block in css
    assert css.count("{") == css.count("}")
