"""Guard and engine together: whatever is sent, the graph and the disk stay as they were."""

from __future__ import annotations

import contextlib
from pathlib import Path

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.guard import check_statement
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OPENINGS = st.sampled_from(
    ["MATCH (n) ", "UNWIND [1] AS n ", "MATCH (n) WITH n ", "RETURN 1 AS n UNION ", "", "EXPLAIN ", "PROFILE "]
)
ACTS = st.sampled_from(
    [
        "CREATE (:Person {id: 77})",
        "MERGE (:Person {id: 77})",
        "SET n.age = 0",
        "DETACH DELETE n",
        "COPY (MATCH (p:Person) RETURN p.id) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "LOAD FROM '{folder}/secret.csv' RETURN *",
        "CALL read_csv_serial('{folder}/secret.csv') RETURN *",
        "CALL threads=1",
        "ATTACH '{folder}/out.db' AS other (dbtype kuzu)",
        "DROP TABLE KNOWS",
        "ALTER TABLE Person ADD extra INT64",
        "CREATE MACRO leak(x) AS x",
        "RETURN n; CREATE (:Person {id: 77})",
        "BEGIN TRANSACTION",
        "RETURN n.set AS create",
        "RETURN '; DROP TABLE KNOWS' AS load",
    ]
)
COMMENTS = st.sampled_from(["", "/* x */ ", "// x\n", "/* ; */"])
FINGERPRINT = "MATCH (p:Person) RETURN p ORDER BY p.id"


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPENINGS, COMMENTS, ACTS)
def test_nothing_sent_has_an_effect_on_graph_or_disk(social, tmp_path, opening, comment, act):
    (tmp_path / "secret.csv").write_text("top secret\n")
    before = _state(social, tmp_path)
    with contextlib.suppress(PlatformError):
        statement = check_statement(opening + comment + act.replace("{folder}", str(tmp_path)))
        assert "top secret" not in str(social.rows(statement.text))
    assert _state(social, tmp_path) == before


def _state(social, folder: Path) -> tuple[object, ...]:
    graph = social.rows(FINGERPRINT), social.engine.schema(), social.value("CALL current_setting('threads') RETURN *")
    return (*graph, sorted(path.name for path in folder.rglob("*")))
