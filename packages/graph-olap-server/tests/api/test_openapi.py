"""The OpenAPI document against the running application: nothing it does not document, nothing that breaks it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from graph_olap.exceptions import ERROR_CODES
from graph_olap_server.api.documentation import operation_key
from graph_olap_server.services.catalog import refresh_catalog
from graph_olap_server.services.context import Context
from graph_olap_server.services.job_runs import TRIGGERABLE_JOBS, register_jobs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from jsonschema_rs import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

FREE_FORM = (".details", ".node_counts", ".edge_counts", ".errors", ".steps[0]")


def test_every_operation_names_its_errors_and_shows_a_body(ada: httpx.Client):
    document = ada.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            key = operation_key(method, path)
            if key in ("GET /health", "GET /ready"):
                continue
            assert {"400", "401", "403", "429", "500", "503"} <= operation["responses"].keys(), key
            assert not {"422", "4XX", "5XX"} & operation["responses"].keys(), key
            assert ("404" in operation["responses"]) or "{" not in path, key
            assert operation["security"], key
            body = operation.get("requestBody")
            assert body is None or "example" in body["content"]["application/json"], f"{key} needs an example"


def test_the_examples_are_accepted(ada: httpx.Client, context: Context):
    document = ada.get("/openapi.json").json()
    example = document["paths"]["/api/mappings"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert ada.post("/api/mappings", json=example).json()["data"]["id"] == 1
    for path in ("/api/snapshots", "/api/instances", "/api/instances/from-mapping", "/api/mappings/validate"):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert ada.post(path, json=content["example"]).status_code in (200, 201), path


def all_examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield name, schema and example of everything that the document shows."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            contents = {"body": operation.get("requestBody", {}).get("content", {})}
            contents |= {status: reply.get("content", {}) for status, reply in operation["responses"].items()}
            for what, content in contents.items():
                for kind in content.values():
                    if "example" in kind:
                        yield f"{method} {path} {what}", kind.get("schema", {}), kind["example"]
    for name, reply in document["components"]["responses"].items():
        content = reply["content"]["application/json"]
        for code, example in content["examples"].items():
            yield f"{name} {code}", content["schema"], example["value"]


def test_every_reply_has_an_example_of_its_own_schema(ada: httpx.Client):
    document = ada.get("/openapi.json").json()
    found = list(all_examples(document))
    for name, schema, example in found:
        complete = {**schema, "components": document["components"]}
        assert [problem.message for problem in Draft202012Validator(complete).iter_errors(example)] == [], name
    named = {name for name, _, _ in found}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, reply in operation["responses"].items():
                is_json = "application/json" in reply.get("content", {})
                assert not (status in ("200", "201") and is_json) or f"{method} {path} {status}" in named, f"{path}"


def test_error_examples_are_errors_of_the_table(ada: httpx.Client):
    replies = ada.get("/openapi.json").json()["components"]["responses"]
    for name, reply in replies.items():
        for code, example in reply["content"]["application/json"]["examples"].items():
            assert example["value"]["error"]["code"] == code
            assert name == f"Error{ERROR_CODES[code].status}"


def test_examples_have_the_shape_of_real_replies(
    make_context: Callable[..., Context], client_of: Callable[..., httpx.Client], payments: dict[str, Any]
):
    """Same keys at each level where both have something, on a platform that holds one of each thing."""
    context = make_context()
    refresh_catalog(context)
    register_jobs(context, dict.fromkeys(TRIGGERABLE_JOBS, 300))
    client = client_of(context, **{"X-Username": "olga", "X-User-Role": "ops"})
    paths = client.get("/openapi.json").json()["paths"]
    wanted = [
        *("/api/mappings", "/api/snapshots", "/api/instances", "/api/favorites", "/api/users"),
        *("/api/mappings/{}/copy", "/api/ops/jobs/trigger", "/api/schema/admin/refresh", "/api/mappings/validate"),
    ]
    compared = 0
    for path in wanted:
        operation = paths[path.replace("{}", "{mapping_id}")]["post"]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        body = payments if path == "/api/mappings" else content.get("example")
        reply = client.post(path.replace("{}", "1"), json=body)
        assert reply.status_code in (200, 201), reply.text
        shown = operation["responses"][str(reply.status_code)]["content"]["application/json"]["example"]
        assert differences(shown, reply.json()) == [], path
        compared += 1
    for path, operations in paths.items():
        if "get" not in operations or path in ("/metrics", "/api/users/{username}"):
            continue
        client.put("/api/mappings/1", json={"change_description": "c", "edge_definitions": []})
        url = path.replace("{from_version}", "1").replace("{to_version}", "2").replace("{version}", "1")
        for name, value in (("catalog", "bank"), ("schema", "main"), ("table", "accounts")):
            url = url.replace(f"{{{name}}}", value)
        reply = client.get(re.sub(r"{[^}]*}", "1", url), params={"q": "a"})
        if path == "/api/snapshots/{snapshot_id}/load-report":
            assert reply.status_code == 404  # written when an export is done
            continue
        shown = operations["get"]["responses"]["200"]["content"]["application/json"]["example"]
        assert differences(shown, reply.json()) == [], path
        compared += 1
    assert compared > 40


def differences(shown: Any, real: Any, where: str = "") -> list[str]:
    """Say where an example and a reply have other keys; free-form objects and empty lists have none of their own."""
    if isinstance(shown, list) and isinstance(real, list) and shown and real:
        return differences(shown[0], real[0], f"{where}[0]")
    if not (isinstance(shown, dict) and isinstance(real, dict)) or where.endswith(FREE_FORM):
        return []
    found = [f"{where}.{key}" for key in sorted(shown.keys() ^ real.keys())]
    for key in shown.keys() & real.keys():
        found += differences(shown[key], real[key], f"{where}.{key}")
    return found


@pytest.mark.slow
def test_nothing_sent_breaks_it_or_gets_an_undocumented_answer(
    make_context: Callable[..., Context], client_of: Callable[..., httpx.Client], payments: dict[str, Any]
):
    """Each operation with generated requests, good and bad, as an ops user of a filled platform."""
    context = make_context(per_analyst_limit=100, login_failures_limit=1_000_000)
    refresh_catalog(context)
    register_jobs(context, dict.fromkeys(TRIGGERABLE_JOBS, 300))
    client = client_of(context, **{"X-Username": "olga", "X-User-Role": "ops"})
    for number in range(1, 4):
        client.post("/api/mappings", json=payments)
        client.post("/api/snapshots", json={"mapping_id": number, "name": "S"})
        client.post("/api/instances", json={"mapping_id": number, "name": "I"})
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    checks = CHECKS.get_by_names(
        ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
    )
    failures, answers = [], Counter[int]()
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=40, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=one_of(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
        def send(case: schemathesis.Case) -> None:
            for name in ("Authorization", "X-Internal-Api-Key", "X-Username"):
                case.headers.pop(name, None)  # generated credentials would end everything with 401
            for name, value in (case.path_parameters or {}).items():
                if isinstance(value, int) and value > 0:
                    case.path_parameters[name] = value % 4 + 1  # some of these exist
            response = case.call(base_url=str(client.base_url), headers=dict(client.headers))
            answers[response.status_code] += 1
            case.validate_response(response, checks=checks)

        try:
            send()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  # all operations are reported, not the first
            failures.append(f"{operation.label}: {error!r} {getattr(error, 'exceptions', '')}"[:1500])
    assert failures == []
    # Neither only refusals nor only good requests: otherwise the generated requests prove little.
    assert min(answers[status] for status in (200, 201, 204, 400, 404, 409)) > 0, answers
