"""What an analyst does with the flights, told step by step: the part of the demo that only uses the public SDK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from graph_olap import GraphOLAPClient
from graph_olap.instance.connection import InstanceConnection
from graph_olap.models import AlgorithmExecution, LoadReport, Mapping

from graph_olap_server.demo.checks import Checker
from graph_olap_server.demo.mapping import EDGES, NODES
from graph_olap_server.demo.narrator import Narrator
from graph_olap_server.demo.page import Airport, Route

__all__ = ["Findings", "tell_story"]

_DAMPING = 0.85


@dataclass(slots=True)
class Findings:
    """What the page shows."""

    airports: list[Airport] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    tables: dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]] = field(default_factory=dict)

    def add(self, title: str, frame: pl.DataFrame) -> None:
        """Keep a frame for the page."""
        self.tables[title] = (frame.columns, frame.rows())


def tell_story(client: GraphOLAPClient, checker: Checker, narrator: Narrator) -> Findings:
    """Go the whole way, from browsing the warehouse to terminating the instance."""
    findings = Findings()
    with narrator.step("Browse the warehouse"):
        _browse(client, narrator)
    with narrator.step("Write a mapping: SQL becomes nodes and edges"):
        mapping = _create_mapping(client, narrator)
    with narrator.step("Start a graph instance from it"):
        instance = client.instances.create_from_mapping_and_wait(mapping.id, "Flights of 2013", progress=True)
        narrator.show(f"Instance {instance.id} is {instance.status} at {instance.instance_url}")
    try:
        with narrator.step("Read the load report: nothing is dropped silently"):
            _load_report(client.snapshots.get_load_report(instance.snapshot_id), checker, narrator, findings)
        with client.instances.connect(instance.id) as connection:
            with narrator.step("Ask in Cypher, get polars and pandas"):
                _query(connection, checker, narrator, findings)
            with narrator.step("Run PageRank, Louvain and a NetworkX algorithm; read the results back in Cypher"):
                _run_algorithms(connection, checker, narrator, findings)
            _collect_map(connection, findings)
    finally:
        with narrator.step("Terminate the instance"):
            client.instances.terminate(instance.id)
    return findings


def _browse(client: GraphOLAPClient, narrator: Narrator) -> None:
    for catalog in client.schema.list_catalogs():
        for schema in client.schema.list_schemas(catalog.catalog_name):
            for table in client.schema.list_tables(catalog.catalog_name, schema.schema_name):
                columns = client.schema.list_columns(table.catalog_name, table.schema_name, table.table_name)
                names = ", ".join(column.column_name for column in columns[:6])
                more = f", … {len(columns) - 6} more" if len(columns) > 6 else ""
                narrator.show(f"{table.catalog_name}.{table.schema_name}.{table.table_name}: {names}{more}")


def _create_mapping(client: GraphOLAPClient, narrator: Narrator) -> Mapping:
    mapping = client.mappings.create("NYC flights", "Flights from New York City in 2013", NODES, EDGES)
    narrator.show(
        f"Mapping {mapping.id}, version {mapping.current_version}: {', '.join(node.label for node in NODES)}; "
        + ", ".join(f"({edge.from_node})-[{edge.type}]->({edge.to_node})" for edge in EDGES)
    )
    return mapping


def _load_report(report: LoadReport, checker: Checker, narrator: Narrator, findings: Findings) -> None:
    frame = pl.DataFrame(
        [(item.name, item.rows_read, item.rows_loaded, item.rows_rejected) for item in report.definitions],
        schema=["definition", "rows read", "loaded", "rejected"],
        orient="row",
    )
    _show(frame, narrator)
    findings.add("Load report", frame)
    reasons = [
        (
            definition.name,
            item.rows,
            item.reason.replace("_", " "),
            item.column,
            ", ".join(map(_key, item.sample_keys[:5])),
        )
        for definition in report.definitions
        for item in definition.rejected
    ]
    for name, rows, reason, column, sample in reasons:
        narrator.show(f"{name}: {rows:,} rows rejected, {reason} in {column}, such as {sample}")
    findings.tables["Rejected rows"] = (["definition", "rows", "reason", "column", "such as"], reasons)
    rejected = {item.reason: item.rows for item in report["FLIGHT"].rejected}
    checker.compare(
        "Flights to airports that are not in the table",
        [(rejected.get("dangling_to", 0),)],
        "SELECT count(*) FROM flights WHERE dest NOT IN (SELECT faa FROM airports)",
    )


def _query(connection: InstanceConnection, checker: Checker, narrator: Narrator, findings: Findings) -> None:
    busiest = connection.query_df(
        """
        MATCH (a:Airport)-[f:FLIGHT]->(b:Airport)
        RETURN a.faa AS origin, b.faa AS destination, count(*) AS flights, avg(f.arr_delay) AS mean_delay
        ORDER BY flights DESC, origin, destination LIMIT 5
        """
    )
    narrator.show("Busiest routes (every flight is an edge of its own):")
    _show(busiest, narrator)
    findings.add("Busiest routes", busiest)
    checker.compare(
        "Five busiest routes with flights and mean arrival delay",
        busiest.rows(),
        """
        SELECT origin, dest, count(*) AS flights, avg(arr_delay) FROM flights
        WHERE dest IN (SELECT faa FROM airports)
        GROUP BY ALL ORDER BY flights DESC, origin, dest LIMIT 5
        """,
    )
    reach = connection.query_df(
        """
        MATCH (l:Airline)<-[:OPERATED_BY]-(p:Plane)-[:FLEW]->(a:Airport)
        RETURN l.name AS airline, count(DISTINCT p) AS planes, count(DISTINCT a) AS airports
        ORDER BY airports DESC, airline LIMIT 5
        """,
        backend="pandas",
    )
    narrator.show("Airlines by airports their planes flew to (two hops, a pandas frame):")
    narrator.show(reach.to_string(index=False))
    findings.tables["Airlines by reach"] = (list(reach.columns), reach.to_numpy().tolist())
    checker.compare(
        "Two hops: airlines by airports their planes flew to",
        reach.to_numpy().tolist(),
        """
        SELECT l.name, count(DISTINCT p.tailnum), count(DISTINCT a.faa) AS airports
        FROM airlines AS l
        JOIN (SELECT DISTINCT tailnum, carrier FROM flights) AS o USING (carrier)
        JOIN planes AS p USING (tailnum)
        JOIN (SELECT DISTINCT tailnum, dest FROM flights) AS f USING (tailnum)
        JOIN airports AS a ON a.faa = f.dest
        GROUP BY l.name ORDER BY airports DESC, l.name LIMIT 5
        """,
    )
    path = connection.query(
        """
        MATCH p = (a:Airport {faa: $origin})-[:FLIGHT* SHORTEST 1..6]-(b:Airport {faa: $target})
        RETURN length(p) AS hops, properties(nodes(p), 'faa') AS airports
        """,
        {"origin": "ANC", "target": "PSP"},
    )
    hops, airports = path.rows[0]
    narrator.show(f"A shortest path between Anchorage and Palm Springs: {' - '.join(airports)}")
    checker.compare(
        "Hops between Anchorage and Palm Springs, in either direction",
        [[hops]],
        """
        WITH RECURSIVE hop(a, b) AS (SELECT origin, dest FROM flights UNION SELECT dest, origin FROM flights),
        walk(faa, hops) AS (
            SELECT 'ANC', 0 UNION SELECT b, walk.hops + 1 FROM walk JOIN hop ON a = faa WHERE walk.hops < 6
        ) SELECT min(hops) FROM walk WHERE faa = 'PSP'
        """,
    )


def _run_algorithms(connection: InstanceConnection, checker: Checker, narrator: Narrator, findings: Findings) -> None:
    ranking = connection.algo.pagerank(
        "Airport", "page_rank", edge_type="FLIGHT", damping=_DAMPING, tolerance=1e-10, max_iterations=200
    )
    communities = connection.algo.louvain("Airport", "community", edge_type="FLIGHT")
    centrality = connection.networkx.run("degree_centrality", node_label="Airport", property_name="degree_centrality")
    for execution in (ranking, communities, centrality):
        narrator.show(_summary(execution))
    top = connection.query_df(
        """
        MATCH (a:Airport) RETURN a.faa AS airport, a.name AS name, a.page_rank AS page_rank,
            a.community AS community, a.degree_centrality AS degree_centrality
        ORDER BY degree_centrality DESC, airport LIMIT 8
        """
    )
    _show(top, narrator)
    findings.add("Most connected airports", top)
    checker.compare_degree_centrality(top.select("airport", "degree_centrality").rows())
    scores = connection.query_df("MATCH (a:Airport) RETURN a.faa, a.page_rank, a.community")
    checker.compare_page_rank(scores.select(scores.columns[0], scores.columns[1]).rows(), _DAMPING)
    assert communities.result is not None
    checker.compare_modularity(
        scores.select(scores.columns[0], scores.columns[2]).rows(), communities.result["modularity"]
    )


def _collect_map(connection: InstanceConnection, findings: Findings) -> None:
    findings.airports = [
        Airport(*row)
        for row in connection.query(
            "MATCH (a:Airport) RETURN a.faa, a.name, a.lat, a.lon, a.page_rank, a.community ORDER BY a.faa"
        ).rows
    ]
    findings.routes = [
        Route(*row)
        for row in connection.query(
            "MATCH (a:Airport)-[f:FLIGHT]->(b:Airport) RETURN a.faa, b.faa, count(*), avg(f.arr_delay)"
        ).rows
    ]


def _key(key: Any) -> str:
    return " → ".join("null" if part is None else str(part) for part in key) if isinstance(key, list) else str(key)


def _summary(execution: AlgorithmExecution) -> str:
    facts = {
        name: round(value, 6) if isinstance(value, float) else value
        for name, value in (execution.result or {}).items()
        if isinstance(value, (int, float, str)) and name != "nodes_updated"
    }
    return (
        f"{execution.algorithm_name} ({execution.algorithm_type}, {execution.duration_ms} ms) wrote "
        f"{execution.result_property} on {execution.nodes_updated} nodes: "
        + ", ".join(f"{name} {value}" for name, value in facts.items())
    )


def _show(frame: pl.DataFrame, narrator: Narrator) -> None:
    with pl.Config(
        tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, fmt_str_lengths=120, tbl_width_chars=150
    ):
        narrator.show(frame)
