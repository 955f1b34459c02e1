"""Full-text and vector indexes against brute force."""

import random
import re

import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError

WORDS = ["fox", "dog", "quick", "river", "bank", "money", "köln", "ñandú", "übung", "zoo", "ödland"]
FULLTEXT = {"name": "words", "type": "fulltext", "properties": ["bio", "title"], "stemmer": "none"}


@pytest.fixture
def only_kuzu(engine_name):
    if engine_name != "kuzu":
        pytest.skip("Ladybug has no search indexes built in")


def tokens(text):
    return set(re.findall(r"\w+", (text or "").lower()))


def corpus(count, seed=5):
    chance = random.Random(seed)

    def text():
        if chance.random() < 0.1:
            return chance.choice([None, "", "  ", "--"])
        return chance.choice([" ", ", ", "-", ". "]).join(chance.choices(WORDS, k=chance.randint(1, 6))).title()

    return [(number, text(), text()) for number in range(count)]


def found(graph, words, *, conjunctive=False):
    more = ", conjunctive := true" if conjunctive else ""
    return graph.rows(
        f"CALL QUERY_FTS_INDEX('Doc', 'words', $words{more}) RETURN node.id, score ORDER BY score DESC",
        {"words": words},
    )


def test_words_find_exactly_the_texts_that_hold_them(only_kuzu, files, load):
    rows = corpus(200)
    files.node("Doc", ("id", "INT64"), {"bio": "STRING", "title": "STRING"}, rows, [FULLTEXT])
    graph = load(files)
    chance = random.Random(1)
    for _ in range(60):
        wanted = chance.sample(WORDS, chance.randint(1, 3))
        some = {number for number, *texts in rows if any(tokens(text) & set(wanted) for text in texts)}
        every = {number for number, *texts in rows if set(wanted) <= set().union(*map(tokens, texts))}
        asked = chance.choice([" ".join(wanted), ", ".join(wanted).upper(), f"  {' - '.join(wanted)}!"])
        hits = found(graph, asked)
        assert {number for number, _ in hits} == some, asked
        assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
        assert {number for number, _ in found(graph, " ".join(wanted), conjunctive=True)} == every, wanted
    assert found(graph, "nobody has this") == []
    assert found(graph, "") == []


def test_a_rarer_word_and_a_shorter_text_rank_higher(only_kuzu, files, load):
    rows = [(1, "fox fox fox", None), (2, "fox dog dog dog dog dog dog", None), (3, "river", None)]
    rows += [(number, "dog", None) for number in range(10, 20)]
    files.node("Doc", ("id", "INT64"), {"bio": "STRING", "title": "STRING"}, rows, [FULLTEXT])
    graph = load(files)
    assert [number for number, _ in found(graph, "fox")] == [1, 2]
    assert found(graph, "river dog")[0][0] == 3


def test_the_stemmer_joins_forms_of_a_word(only_kuzu, files, load):
    english = {"name": "words", "type": "fulltext", "properties": ["bio"]}
    files.node("Doc", ("id", "INT64"), {"bio": "STRING"}, [(1, "running dogs"), (2, "a runner")], [english])
    assert [number for number, _ in found(load(files), "the dog runs")] == [1]


def vectors(count, dimensions, seed=3):
    return np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)


def distances(metric, points, wanted):
    if metric == "cosine":
        return 1 - points @ wanted / (np.linalg.norm(points, axis=1) * np.linalg.norm(wanted))
    if metric == "dotproduct":
        return -(points @ wanted)
    squared = ((points - wanted) ** 2).sum(axis=1)
    return squared if metric == "l2sq" else np.sqrt(squared)


@pytest.mark.parametrize(("metric", "kind"), [("cosine", "FLOAT"), ("l2", "DOUBLE"), ("l2sq", "FLOAT")])
def test_nearest_vectors_are_those_of_brute_force(only_kuzu, files, load, metric, kind):
    points = vectors(1_500, 12)
    rows = [(number, None if number % 50 == 0 else points[number].tolist()) for number in range(len(points))]
    index = {"name": "near", "type": "vector", "properties": ["place"], "metric": metric}
    files.node("Doc", ("id", "INT64"), {"place": f"ARRAY<{kind},12>"}, rows, [index])
    graph = load(files)
    hits = total = 0
    for wanted in vectors(25, 12, seed=9):
        exact = distances(metric, points.astype(np.float64), wanted.astype(np.float64))
        exact[::50] = np.inf
        best = set(np.argsort(exact, kind="stable")[:10].tolist())
        got = graph.rows(
            "CALL QUERY_VECTOR_INDEX('Doc', 'near', $v, 10, efs := 400) RETURN node.id, distance ORDER BY distance",
            {"v": wanted.tolist()},
        )
        assert [distance for _, distance in got] == pytest.approx([exact[number] for number, _ in got], abs=1e-4)
        hits += len(best & {number for number, _ in got})
        total += len(best)
    assert hits / total >= 0.95


def test_indexes_are_no_part_of_the_graph(only_kuzu, files, load):
    near = {"name": "near", "type": "vector", "properties": ["place"]}
    rows = [(1, "fox", "a", [1.0, 0.0]), (2, "dog fox", "b", [0.0, 1.0]), (3, "dog", None, None)]
    properties = {"bio": "STRING", "title": "STRING", "place": "ARRAY<FLOAT,2>"}
    files.node("Doc", ("id", "INT64"), properties, rows, [FULLTEXT, near])
    files.edge("CITES", ("Doc", "Doc"), {}, [(1, 2), (2, 3)])
    graph = load(files)
    schema = graph.engine.schema()
    assert [table.label for table in schema.node_tables] == ["Doc"]
    assert [table.type for table in schema.edge_tables] == ["CITES"]
    assert (schema.total_nodes, schema.total_edges) == (3, 2)
    assert graph.value("MATCH (a)-[r]->(b) RETURN count(*)") == 2
    assert graph.rows(
        "CALL QUERY_FTS_INDEX('Doc', 'words', 'fox') WITH node AS n, score AS s "
        "MATCH (n)-[:CITES]->(m) RETURN n.id, m.id ORDER BY n.id"
    ) == [[1, 2], [2, 3]]


def test_writing_and_removing_results_leaves_the_indexes_right(only_kuzu, files, load):
    import pyarrow as pa

    near = {"name": "near", "type": "vector", "properties": ["place"]}
    rows = [(number, WORDS[number % len(WORDS)], None, [float(number), 1.0]) for number in range(500)]
    properties = {"bio": "STRING", "title": "STRING", "place": "ARRAY<FLOAT,2>"}
    files.node("Doc", ("id", "INT64"), properties, rows, [FULLTEXT, near])
    graph = load(files)
    before = found(graph, "river")
    offsets = pa.array(range(500))
    graph.engine.write_node_property("Doc", "score_of", "DOUBLE", offsets, pa.array([0.5] * 500))
    assert found(graph, "river") == before
    assert graph.value("CALL QUERY_FTS_INDEX('Doc', 'words', 'river') RETURN sum(node.score_of)") == len(before) / 2
    graph.engine.drop_node_property("Doc", "score_of")
    assert found(graph, "river") == before
    assert (
        graph.rows("CALL QUERY_VECTOR_INDEX('Doc', 'near', [499.0, 1.0], 1) RETURN node.id, node.bio")[0][1] is not None
    )


def test_empty_tables_have_empty_indexes(only_kuzu, files, load):
    near = {"name": "near", "type": "vector", "properties": ["place"]}
    properties = {"bio": "STRING", "title": "STRING", "place": "ARRAY<FLOAT,2>"}
    files.node("Doc", ("id", "INT64"), properties, [], [FULLTEXT, near])
    graph = load(files)
    assert found(graph, "fox") == []
    assert graph.rows("CALL QUERY_VECTOR_INDEX('Doc', 'near', [1.0, 2.0], 3) RETURN node.id") == []


@pytest.mark.parametrize("gap", ["\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2028"])
def test_gaps_that_the_engine_takes_for_letters_are_refused(only_kuzu, files, load, gap):
    rows = [(1, "fox river", None), (2, f"fox{gap}river", None)]
    files.node("Doc", ("id", "INT64"), {"bio": "STRING", "title": "STRING"}, rows, [FULLTEXT])
    with pytest.raises(PlatformError, match=r"1 Doc nodes have line breaks.* in bio.*regexp_replace\(bio"):
        load(files)


@pytest.mark.parametrize(
    ("statement", "parameters", "words"),
    [
        (
            "CALL QUERY_FTS_INDEX('Doc', 'nothing', 'fox') RETURN node",
            {},
            "Doc has no index nothing. CALL show_indexes",
        ),
        ("CALL QUERY_FTS_INDEX('Dok', 'words', 'fox') RETURN node", {}, "relationship type Dok. Did you mean Doc?"),
        ("CALL QUERY_FTS_INDEX('Doc', 'near', 'fox') RETURN node", {}, "The index near is not one of words (fulltext)"),
        ("CALL QUERY_VECTOR_INDEX('Doc', 'words', [1.0, 2.0], 3) RETURN node", {}, "words is not one of vectors"),
        ("CALL QUERY_VECTOR_INDEX('Dok', 'near', [1.0, 2.0], 3) RETURN node", {}, "type Dok. Did you mean Doc?"),
        (
            "CALL QUERY_VECTOR_INDEX('Doc', 'near', $v, 3) RETURN node",
            {"v": [1.0, 2.0, 3.0]},
            "A list of 3 values stands where an array of 2 is needed.",
        ),
    ],
)
def test_wrong_searches_are_refused_in_words(only_kuzu, files, load, statement, parameters, words):
    near = {"name": "near", "type": "vector", "properties": ["place"]}
    properties = {"bio": "STRING", "title": "STRING", "place": "ARRAY<FLOAT,2>"}
    files.node("Doc", ("id", "INT64"), properties, [(1, "fox", None, [1.0, 0.0])], [FULLTEXT, near])
    graph = load(files)
    with pytest.raises(PlatformError) as caught:
        graph.rows(statement, parameters)
    assert caught.value.code == "RYUGRAPH_ERROR"
    assert caught.value.details["kind"] != "engine", caught.value.message
    assert words in caught.value.message


def test_an_engine_without_indexes_says_so(engine_name, files, load):
    if engine_name == "kuzu":
        pytest.skip("Kuzu has them")
    files.node("Doc", ("id", "INT64"), {"bio": "STRING", "title": "STRING"}, [(1, "fox", None)], [FULLTEXT])
    with pytest.raises(PlatformError, match=r"Doc\.words could not be built: .* use the engine kuzu"):
        load(files)
