from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.long_lists import check_ranges


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("RETURN range(1, 100000000)", {}),
        ("UNWIND RANGE ( 0, $n ) AS x RETURN x", {"n": 10**9}),
        ("RETURN range(-1000000, 1)", {}),
        ("RETURN range(100000000, 1, -2)", {}),
        ("RETURN range(1, 10), range(/* x */ 1, 9000000, 2)", {}),
        ("RETURN range(1, 99999999999999999999999999)", {}),
    ],
)
def test_what_would_take_gigabytes_is_refused_at_its_place(statement, parameters):
    with pytest.raises(PlatformError, match="1,000,000 are allowed") as refused:
        check_ranges(statement, parameters)
    assert refused.value.details["kind"] == "runtime"
    assert statement[refused.value.details["position"] :].lower().startswith("range")


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("RETURN range(1, 1000000)", {}),
        ("RETURN range(1, $n)", {"n": 5}),
        ("RETURN range(1, $n)", {"n": None}),
        ("RETURN range(1, $n)", {}),
        ("RETURN range(100000000, 1)", {}),
        ("RETURN range(1, 100000000, 1000)", {}),
        ("RETURN range(1, 100000000, 0)", {}),
        ("MATCH (n) RETURN range(1, n.x)", {}),
        ("MATCH (n:range) RETURN n.range, 'range(1, 100000000)', [1, 100000000]", {}),
        ("RETURN 1 // range(1, 100000000)", {}),
        ("RETURN range(", {}),
        ("RETURN range", {}),
    ],
)
def test_everything_else_passes(statement, parameters):
    check_ranges(statement, parameters)
