"""Lists against brute force: the same rows, order and totals, whatever the filters, on both databases."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from graph_olap_server.store import list_statements, pages, search
from graph_olap_server.store.database import Database
from graph_olap_server.store.pages import PageQuery, list_page
from graph_olap_server.store.tables import MappingRow, SnapshotRow
from graph_olap_server.store.totals import Totals
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

WORDS = ("Churn", "churn", "Größe", "GRÖSSE", "ΣΊΣΥΦΟΣ", "σίσυφος", "100%", "a_b", "axb", 'say "hi"', "c\\d", "İi", "É")
OWNERS = ("ada", "bob", "Ada")
ROWS = 300


@pytest.fixture
def rows(database: Database, now: datetime) -> list[SnapshotRow]:
    """Snapshots with few different values, so that every filter and every tie has many of them."""
    return add_snapshots(database, now, random.Random(7))


def add_snapshots(database: Database, now: datetime, choices: random.Random) -> list[SnapshotRow]:
    mapping = MappingRow(
        owner_username="ada", name="m", created_at=now, updated_at=now, last_activity_at=now, current_version=1
    )
    with database.write() as session:
        session.add(mapping)
        session.flush()
        found = [
            SnapshotRow(
                mapping_id=mapping.id,
                mapping_version=choices.randint(1, 2),
                owner_username=choices.choice(OWNERS),
                name=" ".join(choices.choices(WORDS, k=2)),
                description=choices.choice((None, " ".join(choices.choices(WORDS, k=3)))),
                status=choices.choice(("pending", "ready", "failed")),
                size_bytes=choices.choice((None, 1, 2, 3)),
                uri="",
                implicit=False,
                created_at=now + timedelta(minutes=choices.randint(0, 20)),
                updated_at=now + timedelta(minutes=choices.randint(0, 20)),
            )
            for _ in range(ROWS)
        ]
        session.add_all(found)
    return found


def expected(rows: list[SnapshotRow], query: PageQuery, equal: dict[str, Any]) -> tuple[list[int], int]:
    def wanted(row: SnapshotRow) -> bool:
        texts = (row.name, row.description or "")
        return (
            (query.owner is None or row.owner_username == query.owner)
            and (query.search is None or any(query.search.casefold() in text.casefold() for text in texts))
            and (query.created_after is None or row.created_at >= query.created_after)
            and (query.created_before is None or row.created_at <= query.created_before)
            and all(getattr(row, name) == value for name, value in equal.items() if value is not None)
        )

    found = [row for row in rows if wanted(row)]
    found.sort(key=lambda row: row.id, reverse=query.sort_order == "desc")
    known = [row for row in found if getattr(row, query.sort_by) is not None]
    known.sort(key=lambda row: getattr(row, query.sort_by), reverse=query.sort_order == "desc")
    ordered = known + [row for row in found if getattr(row, query.sort_by) is None]
    assert query.limit is not None
    return [row.id for row in ordered[query.offset : query.offset + query.limit]], len(found)


def ask(database: Database, query: PageQuery, equal: dict[str, Any]) -> tuple[list[int], int]:
    with database.read() as session:
        page = list_page(session, SnapshotRow, query, equal, totals=database.totals)
    return [row.id for row in page.items], page.total


NOW = datetime.fromisoformat("2026-03-01T08:00:00+00:00")
MOMENTS = st.none() | st.integers(-1, 21).map(lambda minutes: NOW + timedelta(minutes=minutes))
PIECES = st.sampled_from(WORDS).flatmap(
    lambda word: st.tuples(st.integers(0, len(word) - 1), st.integers(1, len(word))).map(
        lambda cut: word[cut[0] : cut[0] + cut[1]]
    )
)
SEARCHES = (
    st.none() | PIECES | PIECES.map(str.swapcase) | st.text(min_size=1, max_size=4).filter(lambda t: "\0" not in t)
)
QUERIES = st.builds(
    PageQuery,
    offset=st.sampled_from((0, 3, 290, 1000)),
    limit=st.integers(1, 100),
    sort_by=st.sampled_from(("created_at", "updated_at", "status", "size_bytes", "mapping_version")),
    sort_order=st.sampled_from(("asc", "desc")),
    owner=st.none() | st.sampled_from((*OWNERS, "nobody")),
    search=SEARCHES,
    created_after=MOMENTS,
    created_before=MOMENTS,
)
EQUAL = st.fixed_dictionaries(
    {"status": st.none() | st.sampled_from(("ready", "failed")), "mapping_version": st.none() | st.just(2)}
)


@pytest.mark.parametrize("few", [0, 40, 1000], ids=["one by one", "both", "fetched"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES, equal=EQUAL)
def test_a_list_is_what_brute_force_finds(
    database: Database,
    rows: list[SnapshotRow],
    few: int,
    monkeypatch: pytest.MonkeyPatch,
    query: PageQuery,
    equal: dict[str, Any],
):
    for module in (search, pages, list_statements):
        monkeypatch.setattr(module, "FEW", few)
    database.totals = Totals()
    for _ in ("found", "remembered"):
        assert ask(database, query, equal) == expected(rows, query, equal)


@pytest.mark.parametrize("few", [5, 1000])
def test_bounds_of_the_time_are_counted_by_what_they_leave_out(
    database: Database, rows: list[SnapshotRow], few: int, monkeypatch: pytest.MonkeyPatch
):
    """Totals of other bounds are at hand from the second list on, and of lists without bounds as well."""
    monkeypatch.setattr(pages, "FEW", few)
    moments = [None, *(NOW + timedelta(minutes=minutes) for minutes in (-1, 0, 1, 10, 19, 20, 21))]
    for owner, offset in ((None, 0), ("ada", 0), (None, 1)):
        for after, before in itertools.product(moments, moments):
            query = PageQuery(offset, 1, owner=owner, created_after=after, created_before=before)
            assert ask(database, query, {"status": "ready"}) == expected(rows, query, {"status": "ready"})


def test_a_remembered_total_is_never_older_than_its_page(database: Database, rows: list[SnapshotRow]):
    query, equal = PageQuery(limit=1, search="churn"), {"status": "ready"}
    before = ask(database, query, equal)[1]
    assert ask(database, query, equal)[1] == before > 10
    unlike = [row.id for row in rows if "churn" not in f"{row.name} {row.description}".casefold()][:3]
    alike = [row.id for row in rows if row.status == "ready" and "churn" in row.name.casefold()][:3]

    def change(row_id: int, **values: Any) -> int:
        with database.write() as session:
            row = session.get_one(SnapshotRow, row_id)
            for name, value in values.items():
                setattr(row, name, value)
        return ask(database, query, equal)[1]

    assert change(unlike[0], name="CHURN of may", status="ready") == before + 1
    assert change(alike[0], status="failed") == before
    assert change(alike[1], name="other", description=None) == before - 1
    with database.write() as session:
        session.delete(session.get_one(SnapshotRow, alike[2]))
    assert ask(database, query, equal)[1] == before - 2

    def fail() -> None:
        with database.write() as session:
            session.get_one(SnapshotRow, unlike[1]).name = "churn"
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ask(database, query, equal)[1] == before - 2


def test_an_index_that_the_database_cannot_have_is_not_needed(make_database_url: Callable[..., str], now: datetime):
    """PostgreSQL without pg_trgm, SQLite without FTS5's trigrams: slower, with the same answers."""
    url = make_database_url()
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP EXTENSION pg_trgm CASCADE"))
        else:
            for event in ("insert", "update", "delete"):
                connection.execute(text(f"DROP TRIGGER snapshots_search_{event}"))
            connection.execute(text("DROP TABLE snapshots_search"))
    engine.dispose()
    database = Database(url)
    rows = add_snapshots(database, now, random.Random(3))
    for searched in ("grösse", "100%", "nothing", "É"):
        query = PageQuery(search=searched)
        assert ask(database, query, {}) == expected(rows, query, {})
    database.close()
