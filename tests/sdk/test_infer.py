"""client.mappings.infer: what it proposes, why, and that every proposal passes a dry run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from graph_olap import AsyncGraphOLAPClient, GraphOLAPClient, NotFoundError, ValidationError
from graph_olap.models import Evidence, MappingProposal
from graph_olap_server.config import Settings
from graph_olap_server.demo.data import write_warehouse
from graph_olap_server.platform import EmbeddedPlatform

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id INTEGER PRIMARY KEY, name VARCHAR, referred_by INTEGER REFERENCES shop.customers (id));
CREATE TABLE shop.orders (
    region VARCHAR, no INTEGER, customer_id INTEGER NOT NULL REFERENCES shop.customers (id), PRIMARY KEY (region, no)
);
CREATE TABLE shop.products (sku VARCHAR PRIMARY KEY, price DECIMAL(10, 2), tags VARCHAR[]);
CREATE TABLE shop.order_items (
    region VARCHAR, order_no INTEGER, sku VARCHAR REFERENCES shop.products (sku), pieces INTEGER,
    PRIMARY KEY (region, order_no, sku), FOREIGN KEY (region, order_no) REFERENCES shop.orders (region, no)
);
CREATE VIEW shop.cheap AS SELECT * FROM shop.products WHERE price < 100;
INSERT INTO shop.customers VALUES (1, 'Ada', NULL);
INSERT INTO shop.customers VALUES (2, 'Bob', 1);
INSERT INTO shop.orders VALUES ('EU', 1, 1), ('US', 1, 2);
INSERT INTO shop.products VALUES ('A', 1.50, ['x']), ('B', 20, NULL);
INSERT INTO shop.order_items VALUES ('EU', 1, 'A', 2), ('US', 1, 'B', 1);
"""
UNDECLARED = """
CREATE SCHEMA firm;
CREATE TABLE firm.employees AS SELECT i AS id, 'e' || i AS name, CASE WHEN i > 1 THEN i // 2 END AS manager_id,
    1 + i % 3 AS department_id, i * 10 AS salary FROM range(1, 21) t(i);
CREATE TABLE firm.departments AS SELECT i AS id, 'd' || i AS title FROM range(1, 4) t(i);
CREATE TABLE firm.projects AS SELECT 'P' || i AS code FROM range(6) t(i);
CREATE TABLE firm.assignments AS SELECT 1 + i % 20 AS employee_id, 'P' || (i % 5) AS project, i AS hours
    FROM range(40) t(i) UNION ALL SELECT 1, 'P1', 7;
CREATE TABLE firm.notes AS SELECT 'same' AS text FROM range(3);
"""
SHORT = """
CREATE SCHEMA short;
CREATE TABLE short.customers AS SELECT 1000 + i AS customer_id, 'c' || i AS name,
    CASE WHEN i > 5 THEN 1000 + i % 6 END AS referred_by FROM range(300) t(i);
CREATE TABLE short.orders AS SELECT i + 1 AS order_no, 1000 + i % 300 AS cust_id FROM range(2000) t(i);
CREATE TABLE short.products AS SELECT 1 + i AS product_id, 'P' || i AS title FROM range(50) t(i);
CREATE TABLE short.order_lines AS SELECT i % 2000 + 1 AS order_no, 1 + i % 50 AS prod_id, i % 9 AS pieces
    FROM range(6000) t(i);
CREATE TABLE short.warehouses AS SELECT 1 + i AS code, 'W' || i AS name FROM range(5) t(i);
CREATE TABLE short.inventory AS SELECT 1 + i % 5 AS warehouse_code, 1 + i // 5 AS product_id, i AS on_hand
    FROM range(250) t(i);
CREATE TABLE short.shipments AS SELECT 'S' || i AS tracking, 1 + i AS order_id, 1 + i % 5 AS warehouse
    FROM range(1000) t(i);
"""
ODD = '''
CREATE SCHEMA "odd place";
CREATE TABLE "odd place"."Order" (
    "select" INTEGER PRIMARY KEY, "first name" VARCHAR, "First-Name" VARCHAR, "名前" VARCHAR,
    "s" STRUCT("a b" INTEGER), "match" TIME, big UBIGINT
);
CREATE TABLE "odd place"."2024 say ""hi""" (
    "id" UUID PRIMARY KEY, "order" INTEGER REFERENCES "odd place"."Order" ("select")
);
CREATE TABLE "odd place"."Länder" (code VARCHAR);
CREATE TABLE "odd place"."Stadt" (id INTEGER, land_code VARCHAR, length VARCHAR);
INSERT INTO "odd place"."Order" VALUES (1, 'x', 'y', 'z', {'a b': 1}, '10:00', 5);
'''


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("infer")
    file = folder / "nyc.duckdb"
    write_warehouse(file)
    with duckdb.connect(str(file)) as connection:
        for script in (SHOP, UNDECLARED, SHORT, ODD):
            connection.execute(script)
        connection.execute("CREATE SCHEMA nothing")
    with EmbeddedPlatform(Settings(data_dir=folder / "data", warehouse=f"duckdb://{file}")) as platform:
        yield platform.url


@pytest.fixture
def client(url: str) -> Iterator[GraphOLAPClient]:
    with GraphOLAPClient(url, username="ada") as connected:
        yield connected


def edges(proposal: MappingProposal) -> set[tuple[str, str, str]]:
    return {(edge.from_node, edge.type, edge.to_node) for edge in proposal.edge_definitions}


def evidence(proposal: MappingProposal, column: str) -> Evidence:
    return next(found for found in proposal.evidence if found.columns == [column] and found.kind == "reference")


def assert_loads(client: GraphOLAPClient, proposal: MappingProposal) -> None:
    check = client.mappings.dry_run(**proposal.definitions)
    assert check.valid, check.problems
    assert check.rows_rejected == 0 or proposal.schema_name == "main"


def test_real_data_without_declared_keys(client: GraphOLAPClient) -> None:
    proposal = client.mappings.infer("nyc.main")
    assert {node.label: node.primary_key.name for node in proposal.node_definitions} == {
        "Airline": "carrier",
        "Airport": "faa",
        "Plane": "tailnum",
    }
    assert edges(proposal) == {("Airport", "FLIGHTS", "Airport")}
    assert (flights := proposal.edge_definitions[0]).from_key == "origin"
    assert flights.to_key == "dest"
    assert {"carrier", "tailnum", "distance"} <= {found.name for found in flights.properties}
    dest = evidence(proposal, "dest")
    assert (dest.basis, dest.refers_to, dest.looked_at) == (["overlap"], "airports", 105)
    assert dest.overlap == pytest.approx(101 / 105, abs=1e-4)
    assert {item.column for item in proposal.left_out if item.table == "flights"} == {"carrier", "tailnum"}
    assert "dest) -> airports (faa); overlap, 96.2% of 105 values" in str(proposal)
    assert_loads(client, proposal)


def test_declared_keys_composite_keys_self_references_and_joins(client: GraphOLAPClient) -> None:
    proposal = client.mappings.infer("nyc.shop")
    assert edges(proposal) == {
        ("Customer", "HAS_REFERRED_BY", "Customer"),
        ("Order_", "HAS_CUSTOMER", "Customer"),
        ("Order_", "ORDER_ITEMS", "Product"),
    }
    assert {basis for found in proposal.evidence for basis in found.basis} == {"declared"}
    assert [item.table for item in proposal.left_out] == ["cheap"]
    assert_loads(client, proposal)
    mapping = client.mappings.create("Shop", **proposal.definitions)
    with client.quick_start(mapping.id, progress=False) as graph:
        found = graph.query(
            "MATCH (c:Customer)<-[:HAS_CUSTOMER]-(o:Order_)-[i:ORDER_ITEMS]->(p:Product) "
            "RETURN c.name, o.order_key, p.sku, i.pieces ORDER BY c.name"
        )
        assert [tuple(row.values()) for row in found] == [("Ada", "EU|1", "A", 2), ("Bob", "US|1", "B", 1)]
        client.instances.terminate(graph.instance_id)


def test_names_and_values_stand_in_for_declarations(client: GraphOLAPClient) -> None:
    proposal = client.mappings.infer("nyc.firm")
    assert edges(proposal) == {
        ("Employee", "HAS_MANAGER", "Employee"),
        ("Employee", "HAS_DEPARTMENT", "Department"),
        ("Employee", "ASSIGNMENTS", "Project"),
    }
    assert evidence(proposal, "manager_id").refers_to == "employees"
    assert evidence(proposal, "department_id").basis == ["name", "overlap"]
    assert [item.table for item in proposal.left_out] == ["notes"]
    assert_loads(client, proposal)


def test_short_names_measures_and_references_that_happen_to_be_unique(client: GraphOLAPClient) -> None:
    proposal = client.mappings.infer("nyc.short")
    assert {node.label: node.primary_key.name for node in proposal.node_definitions} == {
        "Customer": "customer_id",
        "Order_": "order_no",
        "Product": "product_id",
        "Shipment": "tracking",
        "Warehouse": "code",
    }
    assert edges(proposal) == {
        ("Customer", "HAS_REFERRED_BY", "Customer"),
        ("Order_", "HAS_CUST", "Customer"),
        ("Order_", "ORDER_LINES", "Product"),
        ("Warehouse", "INVENTORY", "Product"),
        ("Shipment", "HAS_ORDER", "Order_"),
        ("Shipment", "HAS_WAREHOUSE", "Warehouse"),
    }
    stock = next(edge for edge in proposal.edge_definitions if edge.type == "INVENTORY")
    assert [found.name for found in stock.properties] == ["on_hand"]
    assert evidence(proposal, "prod_id").also_fits
    assert_loads(client, proposal)


def test_odd_names_and_empty_tables(client: GraphOLAPClient) -> None:
    proposal = client.mappings.infer("nyc.odd place")
    assert {node.label for node in proposal.node_definitions} == {"Order_", "T2024SayHi", "Lander", "Stadt"}
    assert edges(proposal) >= {("T2024SayHi", "HAS_ORDER", "Order_")}
    order = next(node for node in proposal.node_definitions if node.label == "Order_")
    assert [found.name for found in order.properties] == [
        "first_name", "First_Name_ref", "column", "match_", "big",
    ]  # fmt: skip
    assert [(item.table, item.column) for item in proposal.left_out] == [("Order", "s")]
    assert_loads(client, proposal)
    scope: dict[str, Any] = {"client": client}
    exec(proposal.to_code("Odd"), scope)
    assert scope["mapping"].node_definitions == proposal.node_definitions


def test_chosen_tables_only_and_views_when_named(client: GraphOLAPClient) -> None:
    proposal = client.mappings.infer("nyc.shop", tables=["Cheap", "products"])
    assert {found.table for found in proposal.evidence} == {"cheap", "products"}
    assert_loads(client, proposal)


def test_a_schema_without_tables_gives_an_empty_proposal(client: GraphOLAPClient) -> None:
    proposal = client.mappings.infer("nyc.nothing")
    assert (proposal.node_definitions, proposal.edge_definitions, proposal.complete) == ([], [], True)
    assert client.mappings.list(search="nothing").total == 0


@pytest.mark.parametrize(
    ("schema", "tables", "expected", "says"),
    [
        ("shop", None, ValidationError, r"'shop' must name catalog and schema, such as 'bank\.main'"),
        ("nope.main", None, NotFoundError, r"has no catalog nope; its catalogs are: nyc"),
        ("nyc.nope", None, NotFoundError, r"has no schema nyc\.nope; nyc has: .*shop"),
        ("nyc.shop", ["nope"], NotFoundError, r"has no table nyc\.shop\.nope"),
    ],
)
def test_what_is_not_there_is_named(
    client: GraphOLAPClient, schema: str, tables: list[str] | None, expected: type[Exception], says: str
) -> None:
    with pytest.raises(expected, match=says):
        client.mappings.infer(schema, tables=tables)


async def _infer(url: str) -> MappingProposal:
    async with AsyncGraphOLAPClient(url, username="ada") as client:
        return await client.mappings.infer("NYC.Shop")


def test_the_asynchronous_client_and_any_case(url: str, client: GraphOLAPClient) -> None:
    assert edges(asyncio.run(_infer(url))) == edges(client.mappings.infer("nyc.shop"))


def test_without_a_warehouse_it_says_so(tmp_path: Path) -> None:
    with (
        EmbeddedPlatform(Settings(data_dir=tmp_path)) as platform,
        GraphOLAPClient(platform.url, username="ada") as client,
        pytest.raises(NotFoundError, match="has no catalog bank; its catalogs are: none"),
    ):
        client.mappings.infer("bank.main")
