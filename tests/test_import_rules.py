"""Folders show the architecture: which room may import which, from docs/design/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SERVER = ROOT / "packages/graph-olap-server/src/graph_olap_server"
SDK = ROOT / "packages/graph-olap-sdk/src/graph_olap"

# Helpers that every room may use: they hold no rules of their own.
COMMON = {"faults", "logs", "machine", "metrics"}
PORTS = {"warehouse", "snapshots", "launcher"}
ALLOWED: dict[str, set[str]] = {
    "domain": set(),
    "store": {"domain"},
    "services": {"domain", "store", *PORTS, "config"},
    "api": {"services", "domain", "store", "config", "web"},
    "jobs": {"services", "domain", "store", *PORTS, "config"},
    "warehouse": {"domain", "config"},
    "snapshots": {"domain", "warehouse"},
    "launcher": {"domain", "config"},
    "instance": {"domain", "snapshots", "web"},
    "conformance": {"domain", "snapshots", "instance"},
    "demo": set(),
    "web": {"domain"},
    "faults": set(),
    "logs": set(),
    "machine": set(),
    "scratch": set(),
    "metrics": set(),
    "config": {"domain"},
    "__init__": set(),
}
UNRESTRICTED = {"cli", "embedded", "platform", "__main__"}
# The server shares wire shapes and error codes with the SDK; only the demo is a user of it.
SDK_FOR_SERVER = ("graph_olap.models", "graph_olap.exceptions")


def rooms() -> list[str]:
    return sorted(
        path.stem if path.suffix == ".py" else path.name
        for path in SERVER.iterdir()
        if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").exists())
    )


def files_of(room: str) -> Iterator[Path]:
    folder = SERVER / room
    yield from folder.rglob("*.py") if folder.is_dir() else [SERVER / f"{room}.py"]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "graph_olap_server")


def test_every_room_has_a_rule() -> None:
    assert set(rooms()) == set(ALLOWED) | UNRESTRICTED


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_room_imports_only_what_it_may(room: str) -> None:
    broken = []
    for path in files_of(room):
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] != "graph_olap_server" or len(parts) < 2:
                continue
            other = parts[1]
            if other not in {room, "__version__"} | COMMON | ALLOWED[room]:
                broken.append(f"{path.relative_to(ROOT)} imports {name}")
    assert broken == []


@pytest.mark.parametrize("room", sorted(set(ALLOWED) - {"demo"}))
def test_server_uses_only_models_and_errors_of_the_sdk(room: str) -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(room)
        for name in imports_of(path)
        if name.split(".")[0] == "graph_olap" and not name.startswith(SDK_FOR_SERVER)
    ]
    assert broken == []


def test_sdk_never_imports_the_server_at_import_time() -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in SDK.rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] == "graph_olap_server"
    ]
    assert broken == []


def test_kernel_library_stays_behind_one_package() -> None:
    users = {
        path.relative_to(SERVER).as_posix()
        for path in SERVER.rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] == "networkit"
    }
    assert {user.rpartition("/")[0] for user in users} <= {"instance/algorithms/kernels"}


def test_engine_libraries_stay_behind_the_engine_port() -> None:
    users = {
        path.relative_to(SERVER).parts[:2]
        for path in SERVER.rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] in ("kuzu", "ladybug")
    }
    assert users <= {("instance", "engine")}
