"""The OpenAPI document against the running application: nothing it does not document, nothing that breaks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from graph_olap_server.api.documentation import operation_key
from graph_olap_server.services.catalog import refresh_catalog
from graph_olap_server.services.context import Context
from graph_olap_server.services.job_runs import TRIGGERABLE_JOBS, register_jobs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS


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
