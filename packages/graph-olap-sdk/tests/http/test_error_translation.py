"""Errors: class, sentence, request id, and nothing secret or raw."""

from __future__ import annotations

import builtins
import traceback

import httpx
import pytest

from graph_olap import GraphOLAPClient, GraphOLAPWarning, exceptions
from graph_olap.exceptions import ERROR_CODES


@pytest.mark.parametrize("code", sorted(ERROR_CODES))
def test_every_code_raises_its_class(platform, wire, code):
    row = ERROR_CODES[code]
    platform.on("GET", "/health", wire.error(row.status, code, "What happened."))
    with platform.client(max_retries=0) as client, pytest.raises(row.exception) as caught:
        client.health.check()
    assert type(caught.value) is row.exception
    assert caught.value.code == code
    assert caught.value.request_id == "r-1"
    assert "What happened." in str(caught.value)
    assert "[request r-1]" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, "ValidationError"), (401, "AuthenticationError"), (422, "ValidationError"), (502, "ServerError")],
)
def test_foreign_bodies_map_by_status(platform, client, status, expected):
    platform.on("GET", "/health", httpx.Response(status, text="<html>proxy</html>"))
    with pytest.raises(getattr(exceptions, expected)) as caught:
        client.health.check()
    assert "<html>" not in str(caught.value)
    assert "proxy or a login page" in str(caught.value)


def test_an_unreachable_server_is_named_with_the_next_step(platform):
    platform.on("GET", "/health", httpx.ConnectError("[Errno 111] Connection refused"))
    with platform.client(max_retries=0) as client, pytest.raises(exceptions.ConnectionError) as caught:
        client.health.check()
    text = str(caught.value)
    assert "http://platform.test" in text
    assert "graph-olap serve" in text
    assert "Errno" not in text
    assert isinstance(caught.value, builtins.ConnectionError)
    assert "httpx" not in "".join(traceback.format_exception_only(type(caught.value), caught.value))
    assert caught.value.__suppress_context__


def test_a_missing_answer_names_call_and_limit(platform):
    platform.on("GET", "/health", httpx.ReadTimeout("timed out"))
    with platform.client(max_retries=0, timeout=7) as client, pytest.raises(exceptions.TimeoutError) as caught:
        client.health.check()
    assert "GET http://platform.test/health got no answer within 7 s" in str(caught.value)
    assert caught.value.request_id


@pytest.mark.parametrize("body", ["not json", "[1]", ""])
def test_a_success_without_a_json_object_is_an_error(platform, client, body):
    platform.on("GET", "/health", httpx.Response(200, text=body))
    with pytest.raises(exceptions.ServerError, match="where a JSON object was expected"):
        client.health.check()


def test_a_redirect_is_explained(platform, client):
    platform.on("GET", "/health", httpx.Response(307, headers={"Location": "https://elsewhere.test/health"}))
    with pytest.raises(exceptions.ServerError, match="redirect") as caught:
        client.health.check()
    assert caught.value.details["location"] == "https://elsewhere.test/health"


def test_warnings_of_a_reply_become_python_warnings(platform, wire, client):
    platform.on("GET", "/api/mappings/4", wire.data(wire.mapping(), warnings=["more than 50 properties"]))
    with pytest.warns(GraphOLAPWarning, match="more than 50 properties") as caught:
        client.mappings.get(4)
    assert len(caught) == 1


def test_a_closed_client_says_so(platform):
    client = platform.client()
    client.close()
    client.close()
    with pytest.raises(exceptions.InvalidStateError, match="closed"):
        client.health.check()
    assert "closed" in repr(client)


def test_headers_identify_client_and_caller_and_each_request(platform):
    platform.on("GET", "/health", {"status": "healthy"})
    with platform.client(api_key="secret-key", role="ops") as client:
        client.health.check()
        client.health.check()
    headers = platform.sent[0].headers
    assert headers["User-Agent"].startswith("graph-olap-python/")
    assert headers["Authorization"] == "Bearer secret-key"
    assert headers["X-Username"] == "ada"
    assert headers["X-User-Role"] == "ops"
    assert headers["X-Request-ID"] != platform.sent[1].headers["X-Request-ID"]


def test_the_internal_key_replaces_the_bearer_header(platform):
    platform.on("GET", "/health", {"status": "healthy"})
    with platform.client(api_key="secret-key", internal_api_key="inner-key") as client:
        client.health.check()
    assert platform.sent[0].headers["X-Internal-Api-Key"] == "inner-key"
    assert "Authorization" not in platform.sent[0].headers


def test_keys_appear_in_no_repr(platform):
    with GraphOLAPClient("http://platform.test", "secret-key", "inner-key", "ada") as client:
        for thing in (client, client._config, client._http, client._http._client.headers):
            shown = repr(thing)
            assert "secret-key" not in shown
            if thing is not client._http._client.headers:
                assert "inner-key" not in shown


def test_a_traceback_holds_no_frames_of_the_loop_that_repeats(platform, client):
    platform.on("GET", "/health", httpx.Response(401))
    with pytest.raises(exceptions.AuthenticationError) as caught:
        client.health.check()
    assert "tenacity" not in "".join(traceback.format_exception(None, caught.value, caught.value.__traceback__))


def test_who_calls_without_any_credential_learns_which_arguments_are_missing(platform, wire):
    platform.on("GET", "/health", wire.error(401, "UNAUTHORIZED", "A credential is missing."))
    with (
        platform.client(username=None, api_key=None) as client,
        pytest.raises(exceptions.AuthenticationError) as caught,
    ):
        client.health.check()
    assert "api_key" in str(caught.value)
    assert "GRAPH_OLAP_USERNAME" in str(caught.value)
