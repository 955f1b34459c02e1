"""A property that no label has, on a variable without a label, is null with a warning; with a label it is an error."""

import pytest
from graph_olap_server.domain.errors import PlatformError


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("MATCH (n) WHERE n.age = 34 RETURN coalesce(n.title, n.name, n.host, toString(id(n))) AS v", [["Ann"]]),
        ("MATCH (n) WHERE n.nope = 1 RETURN n.name", []),
        ("MATCH (n) WHERE n.nope IS NULL RETURN count(*) AS k", [[6]]),
        ("MATCH (n) RETURN count(n.nope) AS k", [[0]]),
        ("MATCH (n) RETURN DISTINCT n.nope", [[None]]),
        ("MATCH (n) RETURN n.nope, n.other LIMIT 1", [[None, None]]),
        ("MATCH (n) WHERE n.age > 1 RETURN n.age AS i, n.nope ORDER BY n.nope, i LIMIT 1", [[20, None]]),
        ("MATCH (a:Person)-[r]->(b) WHERE a.id = 1 AND r.nope IS NULL RETURN count(b.nope) AS k", [[0]]),
    ],
)
def test_it_is_null_with_a_warning(social, statement, expected):
    result = social.result(statement)
    rows = list(result.rows())
    assert rows == expected
    assert any(
        "is null." in warning and ("No label has" in warning or "No relationship" in warning)
        for warning in result.warnings
    )


def test_the_column_keeps_its_name(social):
    assert [column.name for column in social.result("MATCH (n) RETURN n.nope LIMIT 1").columns] == ["n.nope"]


@pytest.mark.parametrize(
    "statement",
    [
        "MATCH (n:Person) RETURN n.nope",
        "MATCH ()-[r:KNOWS]->() RETURN r.nope",
        "MATCH (n:Person) MATCH (n)-[]->(m) RETURN n.nope",
    ],
)
def test_with_a_label_it_is_an_error(social, statement):
    with pytest.raises(PlatformError, match="no property nope") as caught:
        social.rows(statement)
    assert caught.value.details["kind"] == "binder"


def test_known_properties_and_renamed_values_are_left_alone(social):
    statement = "MATCH (n) WHERE n.NAME = 'Ann' WITH {nope: 5} AS m RETURN m.nope AS v"
    result = social.result(statement)
    assert list(result.rows()) == [[5]]
    assert result.warnings == []
