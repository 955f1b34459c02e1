"""Pictures: what is in them, what is left out, and that hostile data stay data."""

from __future__ import annotations

import html.parser
import json
import re

import pytest

from graph_olap import QueryResult, _show, models
from graph_olap.viz import draw

HOSTILE = "</script></iframe>\"><script>alert(1)</script><img src=x onerror='alert(2)'>javascript:alert(3)&amp;\u2028"


def _node(number, label="Person", **properties):
    return ("NODE", {"_id": number, "_label": label, **properties})


def _rel(number, source, target, kind="KNOWS", **properties):
    return ("REL", {"_id": number, "_type": kind, "_src": source, "_dst": target, **properties})


class _Frame(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.frame = [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "iframe":
            self.frame = dict(attrs)


def _read(picture):
    """Return outer tags, attributes of the frame, tags of the page and its data, as a browser reads them."""
    outer, page = _Frame(), _Frame()
    outer.feed(picture._repr_html_())
    page.feed(outer.frame["srcdoc"])
    raw = re.search(r'id="data">(.*?)</script>', outer.frame["srcdoc"], re.DOTALL).group(1)
    return outer.tags, outer.frame, page.tags, json.loads(raw)


def test_hostile_data_stay_data():
    picture = draw([_node(1, HOSTILE, **{HOSTILE: HOSTILE}), _rel(1, 1, 1, HOSTILE, **{HOSTILE: HOSTILE})])
    outer, frame, page, data = _read(picture)
    assert outer == ["div", "iframe", "div", "script"]
    assert frame["sandbox"] == "allow-scripts allow-downloads"
    assert "img" not in page
    assert page.count("script") == 3
    assert data["nodes"][0]["facts"] == [[HOSTILE, HOSTILE]]
    assert data["links"][0]["kind"] == HOSTILE


def test_a_picture_needs_no_network():
    page = draw([_node(1)]).to_html()
    assert "default-src &#x27;none&#x27;" in page
    assert not re.findall(r"(?:src|href)=.?https?:", page)


def test_parallel_relationships_and_loops_are_all_there_and_ends_get_nodes():
    _, _, _, data = _read(draw([_rel(1, 5, 6), _rel(2, 5, 6), _rel(3, 6, 6), _rel(3, 6, 6)]))
    assert [(link["source"], link["target"]) for link in data["links"]] == [(5, 6), (5, 6), (6, 6)]
    assert [node["id"] for node in data["nodes"]] == [5, 6]


def test_what_is_left_out_is_said():
    entities = [_node(n) for n in range(30)] + [_rel(n, n, n + 1) for n in range(29)]
    picture = draw(entities, limit=10)
    assert repr(picture).startswith("Picture(10 of 30 nodes, 9 of 29 relationships. Left out:")
    assert "10 of 30 nodes" in picture._repr_html_()
    assert repr(draw(entities)) == "Picture(30 nodes, 29 relationships)"


def test_colours_sizes_and_places_follow_properties():
    entities = [_node(n, name=f"n{n}", score=float(n), group=n % 2, lon=n, lat=2 * n) for n in range(20)]
    _, _, _, by_group = _read(draw(entities, color="group", size="score", x="lon", y="lat"))
    assert [item["text"] for item in by_group["legend"]] == ["0", "1"]
    radii = [node["radius"] for node in by_group["nodes"]]
    assert radii == sorted(radii)
    assert radii[0] < radii[-1]
    assert [(node["fx"], node["fy"]) for node in by_group["nodes"]][-1] == (500, -1000)
    _, _, _, by_score = _read(draw(entities, color="score"))
    assert [item["text"] for item in by_score["legend"]] == ["score 0", "score 6.333", "score 12.67", "score 19"]
    _, _, _, plain = _read(draw([*entities, _node(99, "Place")]))
    assert {item["text"] for item in plain["legend"]} == {"Person", "Place"}
    assert plain["nodes"][0]["caption"] == "n0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "between 1 and 5,000"),
        ({"height": 1}, "between 120 and 4,000"),
        ({"x": "a"}, "give both"),
        ({"x": "name", "y": "name"}, "No node has the numbers"),
        ({"color": "nope"}, "'nope' for color; there are name"),
        ({"size": "name"}, "'Ada' is not a number"),
        ({"caption": "nope"}, "'nope' for caption"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        draw([_node(1, name="Ada")], **options)


def test_a_saved_page_is_the_picture(tmp_path):
    picture = draw([_node(1, name="Ada")])
    assert picture.save(tmp_path / "graph.html").read_text(encoding="utf-8") == picture.to_html()


@pytest.fixture
def shown(monkeypatch):
    pieces = []
    monkeypatch.setattr(_show, "in_notebook", lambda: True)
    monkeypatch.setattr(_show, "_show", lambda page, text: pieces.append(page))
    return pieces


def _result(rows, kind="STRING"):
    return QueryResult.from_reply({"columns": ["x"], "column_types": [kind], "rows": [[row] for row in rows]})


def test_in_a_notebook_a_graph_is_a_picture_and_the_rest_a_table(shown):
    _result([_node(1)[1]], "NODE").show()
    assert "<iframe" in shown[-1]
    _result([_node(1)[1]], "NODE").show(kind="table")
    assert "<iframe" not in shown[-1]
    _result([HOSTILE]).show()
    assert "<img" not in shown[-1]
    assert "</script></iframe>" not in shown[-1]
    _result(list(range(50)), "INT64").show(limit=5)
    assert "5 of 50 rows" in shown[-1]


def test_without_itables_the_table_is_plain(shown, monkeypatch):
    monkeypatch.setattr(_show, "installed", lambda package: False)
    _result([HOSTILE]).show()
    assert shown[-1].startswith('<div class="graph-olap"><table')


def test_in_a_terminal_everything_is_text(capsys):
    _result([_node(1)[1]], "NODE").show()
    assert "(:Person)" in capsys.readouterr().out


def test_show_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="kind must be one of"):
        _result(["a"]).show(kind="pie")
    with pytest.raises(ValueError, match="holds no node"):
        _result(["a"]).show(kind="graph")
    with pytest.raises(ValueError, match="limit must be at least 1"):
        _result(["a"]).show(limit=0)


def test_a_schema_is_a_picture_and_a_text_table(shown, capsys, monkeypatch):
    schema = models.Schema.from_graph_schema(
        models.GraphSchema(
            node_tables=[
                models.NodeTable(
                    label="A", primary_key="id", primary_key_type="INT64", properties={"id": "INT64"}, node_count=3
                )
            ],
            edge_tables=[models.EdgeTable(type="R", from_node="A", to_node="A", edge_count=4)],
            total_nodes=3,
            total_edges=4,
        )
    )
    schema.show()
    assert "1 node, 1 relationship" in shown[-1]
    monkeypatch.setattr(_show, "in_notebook", lambda: False)
    schema.show()
    assert capsys.readouterr().out.splitlines() == [
        "pattern          count  properties",
        "---------------  -----  --------------",
        "(:A)                 3  id INT64 (key)",
        "(:A)-[:R]->(:A)      4",
        "3 nodes, 4 relationships",
    ]


def test_an_empty_result_is_no_empty_picture(shown):
    _result([], "NODE").show(height=300)
    assert "iframe" not in shown[0]
    assert "0 rows" in shown[0]


def test_the_picture_of_a_schema_names_the_labels_whatever_the_properties_are_called():
    texts = {"name": "STRING", "count": "INT64"}
    people = models.NodeTable(
        label="Person", primary_key="id", primary_key_type="INT64", properties=texts, node_count=3
    )
    knows = models.EdgeTable(type="KNOWS", from_node="Person", to_node="Person", properties=texts, edge_count=2)
    schema = models.Schema.from_graph_schema(models.GraphSchema(node_tables=[people], edge_tables=[knows]))
    _, _, _, data = _read(_show.picture_of_schema(schema))
    assert [node["caption"] for node in data["nodes"]] == ["Person"]
    assert ["number of nodes", "3"] in data["nodes"][0]["facts"]
    assert ["count", "INT64"] in data["nodes"][0]["facts"]
    assert ["number of relationships", "2"] in data["links"][0]["facts"]
