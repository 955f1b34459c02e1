"""Ids of requests: UUIDs that differ, also between a process and its fork, and whatever seed the analyst sets."""

import os
import random
import uuid

import httpx
import pytest

from graph_olap._request import Call


def ids(count):
    with httpx.Client() as client:
        requests = [Call("POST", "http://localhost/x").build(client, 1).headers for _ in range(count)]
    return [headers[name] for headers in requests for name in ("X-Request-ID", "Idempotency-Key")]


def test_ids_are_random_uuids_that_no_seed_repeats():
    random.seed(7)
    first = ids(500)
    random.seed(7)
    both = [*first, *ids(500)]
    assert len(set(both)) == 2_000
    assert {uuid.UUID(text).version for text in both} == {4}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_makes_other_ids_than_its_parent():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, " ".join(ids(5)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        theirs = pipe.read().split()
    os.waitpid(child, 0)
    assert len(theirs) == 10
    assert not set(theirs) & set(ids(5))
