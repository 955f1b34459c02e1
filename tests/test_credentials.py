"""Whose credentials open an instance: asked of a real instance, through its own socket, in strict mode."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from graph_olap import GraphOLAPClient
from graph_olap_server.cli import main
from platform_process import KNOWS, PERSON, Serve


def make_key(data_dir: Path, user: str, role: str, *options: str) -> str:
    """Run the command in this process: seven further ones would take longer than all the rest."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["api-key", "create", "--data-dir", str(data_dir), "--user", user, "--role", role, *options]) == 0
    return printed.getvalue().strip().splitlines()[-1].split()[-1]


def test_only_owner_sharers_and_admins_reach_an_instance(
    start_serve: Callable[..., Serve], tmp_path: Path, warehouse_file: Path
) -> None:
    data_dir = tmp_path / "data"
    serve = start_serve(
        data_dir,
        *("--port", "0", "--warehouse", f"duckdb:///{warehouse_file}"),
        env={"GRAPH_OLAP_AUTH_MODE": "strict"},
    )
    url = serve.wait_ready()
    keys = {name: make_key(data_dir, name, "analyst") for name in ("ada", "bob", "guest")}
    keys |= {name: make_key(data_dir, name, name) for name in ("admin", "ops")}
    expired = make_key(data_dir, "ada", "analyst", "--expires", "PT1S")
    made = time.monotonic()
    internal = (data_dir / "internal-api-key").read_text().strip()
    with GraphOLAPClient(url, api_key=keys["ada"]) as ada:
        mapping = ada.mappings.create("people", "", [PERSON], [KNOWS])
        instance = ada.instances.create_from_mapping_and_wait(mapping.id, "people", progress=False)
        ada.instances.share(instance.id, users=["guest"])

        def ask(headers: dict[str, str]) -> tuple[int, Any]:
            reply = httpx.post(
                f"{instance.instance_url}/query",
                json={"query": "MATCH (p:Person) RETURN count(*)"},
                headers=headers,
                timeout=20,
                trust_env=False,
            )
            body = reply.json()
            return reply.status_code, body["rows"] if reply.status_code == 200 else body["error"]

        for name in ("ada", "guest", "admin", "ops"):
            assert ask({"Authorization": f"Bearer {keys[name]}"}) == (200, [[3]]), name
        status, error = ask({"Authorization": f"Bearer {keys['bob']}"})
        assert (status, error["code"]) == (403, "PERMISSION_DENIED")

        time.sleep(max(0.0, 1.5 - (time.monotonic() - made)))
        refused = {
            "missing": {},
            "empty": {"Authorization": "Bearer"},
            "wrong": {"Authorization": f"Bearer {keys['ada'][:-1]}{'a' if keys['ada'][-1] != 'a' else 'b'}"},
            "short": {"Authorization": f"Bearer {keys['ada'][:8]}"},
            "expired": {"Authorization": f"Bearer {expired}"},
            "of another scheme": {"Authorization": f"Basic {keys['ada']}"},
            "a claimed name": {"X-Username": "ada", "X-User-Role": "admin"},
            "wrong internal key": {"X-Internal-Api-Key": internal[:-1] + "?"},
            "claimed name with a wrong internal key": {"X-Internal-Api-Key": "x", "X-Username": "ada"},
        }
        told = {name: ask(headers) for name, headers in refused.items()}
        assert {name: (status, error["code"]) for name, (status, error) in told.items()} == dict.fromkeys(
            refused, (401, "UNAUTHORIZED")
        )
        # What was wrong with a key, or whose it was, is nobody's business.
        assert told["wrong"][1] == told["short"][1] == told["expired"][1]
        for _, error in told.values():
            assert not any(secret in str(error) for secret in (*keys.values(), expired, internal, "ada"))
        # The control plane's own key opens the status and nothing else.
        assert ask({"X-Internal-Api-Key": internal})[0] == 403
