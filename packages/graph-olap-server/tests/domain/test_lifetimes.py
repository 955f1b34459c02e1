from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from graph_olap_server.domain.durations import parse_duration
from graph_olap_server.domain.lifetimes import (
    LIFETIMES,
    LifetimeRule,
    changed_lifetime,
    inactivity_deadline,
    new_lifetime,
)
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
parts = st.integers(min_value=0, max_value=400)


@settings(deadline=None, max_examples=100)
@given(parts, parts, parts, parts)
def test_durations_add_up(days: int, hours: int, minutes: int, seconds: int):
    text = f"P{days}DT{hours}H{minutes}M{seconds}S"
    expected = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if expected:
        assert parse_duration(text) == expected
    else:
        with pytest.raises(ValueError, match="longer than zero"):
            parse_duration(text)


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "P1Y", "P1M", "-PT1H", "PT1.5H", "PT1H ", "P1W2D", "1h", "PT٣H", "P0D", "P99999999W"],
)
def test_no_durations(text: str):
    with pytest.raises(ValueError):
        parse_duration(text)


def test_weeks():
    assert parse_duration("P2W") == timedelta(days=14)


def test_defaults_and_caps():
    short = LifetimeRule("P30D", "PT1H", "P7D")
    lifetime = new_lifetime(short, NOW, None, None)
    assert lifetime.expires_at == NOW + timedelta(days=7)
    assert lifetime.inactivity_timeout == "PT1H"
    with pytest.raises(ValueError, match="P7D"):
        new_lifetime(short, NOW, "P8D", None)
    assert new_lifetime(short, NOW, "P7D", "PT2H").inactivity_timeout == "PT2H"
    assert new_lifetime(LIFETIMES["mapping"], NOW, None, None).expires_at is None


def test_a_change_counts_from_now_but_never_past_the_maximum():
    rule, created = LIFETIMES["instance"], NOW - timedelta(days=5)
    assert changed_lifetime(rule, created, NOW, "P1D") == NOW + timedelta(days=1)
    with pytest.raises(ValueError):
        changed_lifetime(rule, created, NOW, "P3D")
    assert changed_lifetime(rule, created, NOW, None) == created + timedelta(days=7)


def test_inactivity():
    assert inactivity_deadline(NOW, None) is None
    assert inactivity_deadline(NOW, "PT4H") == NOW + timedelta(hours=4)
