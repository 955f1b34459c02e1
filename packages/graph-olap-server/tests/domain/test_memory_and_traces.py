from __future__ import annotations

import doctest

import pytest
from graph_olap_server.domain import memory
from graph_olap_server.services import traces
from graph_olap_server.services.traces import without_secrets


@pytest.mark.parametrize("module", [memory, traces], ids=lambda module: module.__name__)
def test_examples(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connect to postgresql://ada:p%40ss@db:5432/x failed", "p%40ss"),
        ("{'X-Internal-Api-Key': 's3cret-key'}", "s3cret-key"),
        ('headers={"Authorization": "Bearer eyJhbGciOi"}', "eyJhbGciOi"),
        ("Settings(token=abc123, name=x)", "abc123"),
        ("it said s3cret-key somewhere", "s3cret-key"),
    ],
)
def test_secrets_are_blotted_out(text, secret):
    kept = without_secrets(text, "s3cret-key")
    assert secret not in kept
    assert "***" in kept


def test_a_long_trace_keeps_its_end():
    kept = without_secrets("x" * 50_000 + "the end")
    assert len(kept) < 20_010
    assert kept.endswith("the end")


def test_an_ordinary_trace_stays_as_it_is():
    trace = 'Traceback (most recent call last):\n  File "/a/b.py", line 3, in load\nOSError: [Errno 28] No space left\n'
    assert without_secrets(trace, "key") == trace
