"""What the SDK's design document names is here: name, parameters, defaults, result, errors; and tests prove it."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from graph_olap import exceptions
from graph_olap._page import ModelList, Records
from graph_olap.config import Config
from graph_olap.models import InstanceProgress, SnapshotProgress
from sdk_surface import SYNC, entries

ROOT = Path(__file__).parents[2]
TABLE: dict[str, Any] = tomllib.loads((ROOT / "docs/reference/design-document.toml").read_text(encoding="utf-8"))

WIDER = {
    "Lifetime": {"str", "None"},
    "LifecycleSettings": {"ResourceLifecycleConfig", "dict", "None"},
    "Definitions": {"list[NodeDefinition]", "list[EdgeDefinition]", "list[dict]"},
    "ProgressCallback": {"Callable[[str, int, int], None]"},
    "Mapping[str, Any]": {"dict", "dict[str, Any]"},
    "Any": {"dict", "None"},
    "float": {"int", "float"},
}
"""What a type here accepts of the design's types, where the names differ."""


def resolve(symbol: str) -> Any:
    """Find an object by its dotted name."""
    parts = symbol.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(found, part)
        return found
    raise AssertionError(f"there is no {symbol}")


def test_lists_with_more_abilities_are_lists() -> None:
    assert issubclass(ModelList, list)
    assert issubclass(Records, list)


def types_of(text: str) -> set[str]:
    """Split a union into its parts, in one spelling.

    Example:
        >>> sorted(types_of("Optional[Dict[str, Any]]"))
        ['None', 'dict[str, Any]']
    """
    text = re.sub(r"\b(Dict|List)\b", lambda match: match.group().lower(), text).replace("builtins.", "")
    text = text.replace("ModelList[", "list[").replace("Records", "list[dict[str, Any]]")  # both are lists
    if match := re.fullmatch(r"Optional\[(.*)\]", text):
        return types_of(match.group(1)) | {"None"}
    parts = re.split(r" \| (?![^\[]*\])", text)
    return set().union(*(WIDER.get(part, {part}) for part in parts))


@pytest.mark.parametrize("row", TABLE["callable"], ids=lambda row: row["design"].split("(")[0])
def test_callable_is_as_designed(row: dict[str, Any]) -> None:
    found = resolve(row["symbol"])
    if isinstance(found, property):
        assert row["design"].endswith(f"-> {found.fget.__annotations__['return']}")
        return
    function = inspect.unwrap(found.__func__ if isinstance(found, classmethod) else found)
    ours = inspect.signature(function)
    named, _, text = row["design"].partition("(")
    assert named.split(".")[-1] == function.__name__
    design = ast.parse(f"def f({text}: ...").body[0]
    assert isinstance(design, ast.FunctionDef)
    parameters = {name: each for name, each in ours.parameters.items() if name not in ("self", "cls")}
    check_parameters(design.args, parameters)
    if design.returns is not None:
        assert types_of(str(ours.return_annotation)) <= _results(types_of(ast.unparse(design.returns)))
    documented = entries(function, "Raises")
    assert set(row.get("raises", ())) <= set(documented)


def check_parameters(design: ast.arguments, ours: dict[str, inspect.Parameter]) -> None:
    """Every call that the design allows is allowed here and means the same."""
    positional = [name for name, each in ours.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    designed = design.args
    assert positional[: len(designed)] == [argument.arg for argument in designed]
    defaults = [None] * (len(designed) - len(design.defaults)) + list(design.defaults)
    for argument, default in [
        *zip(designed, defaults, strict=True),
        *zip(design.kwonlyargs, design.kw_defaults, strict=True),
    ]:
        mine = ours.pop(argument.arg)
        if default is not None:
            assert mine.default == ast.literal_eval(default), argument.arg
        if argument.annotation is not None:
            assert types_of(ast.unparse(argument.annotation)) <= types_of(str(mine.annotation)) | {"dict"}, argument.arg
    for name, mine in ours.items():
        assert (
            mine.default is not mine.empty
            or mine.kind in (mine.VAR_KEYWORD, mine.VAR_POSITIONAL)
            or name.startswith("exc")
            or name == "traceback"
        ), name
    assert design.kwarg is None or any(each.kind is each.VAR_KEYWORD for each in ours.values())


def _results(designed: set[str]) -> set[str]:
    return designed | ({"dict[str, Any]"} if "dict" in designed else set())


@pytest.mark.parametrize("row", TABLE["model"], ids=lambda row: row["name"])
def test_model_has_the_designed_fields(row: dict[str, Any]) -> None:
    fields = resolve(row["symbol"]).model_fields
    for text in row["fields"]:
        name, _, rest = text.partition(": ")
        field = fields[name]
        if " = " in rest:
            assert field.get_default(call_default_factory=True) == ast.literal_eval(rest.split(" = ")[1]), name
        else:
            assert field.is_required(), name


@pytest.mark.parametrize("kind", [SnapshotProgress, InstanceProgress])
def test_progress_counts_its_steps(kind: Any) -> None:
    steps = [{"name": "a", "status": "completed"}, {"name": "b", "status": "pending"}]
    progress = kind.model_validate({"id": 1, "status": "creating", "phase": "exporting", "steps": steps})
    assert (progress.completed_steps, progress.total_steps) == (1, 2)


def test_exceptions_exist_and_share_one_root() -> None:
    for row in TABLE["exception"]:
        assert issubclass(getattr(exceptions, row["name"]), exceptions.GraphOLAPError)


@pytest.mark.parametrize("row", TABLE["variable"], ids=lambda row: row["name"])
def test_variable_is_read(row: dict[str, Any]) -> None:
    environ = {"GRAPH_OLAP_API_URL": "http://a"} | {row["name"]: row["example"]}
    found = getattr(Config.from_env(environ=environ), row["setting"])
    assert found == (True if row["example"] == "true" else row["example"])


def test_files_exist() -> None:
    folder = ROOT / "packages/graph-olap-sdk"
    assert [path for path in TABLE["files"]["paths"] if not (folder / path).exists()] == []


def test_named_tests_exist() -> None:
    named = {
        test for kind in ("callable", "model", "exception", "variable") for row in TABLE[kind] for test in row["tests"]
    }
    assert all(row["tests"] for kind in ("callable", "model", "exception", "variable") for row in TABLE[kind])
    files = sorted({test.partition("::")[0] for test in named})
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    collected = set(listed.stdout.splitlines())
    collected |= {test.partition("::")[0] for test in collected} | {test.partition("[")[0] for test in collected}
    assert named - collected == set()


def test_every_resource_of_the_design_is_complete() -> None:
    designed = {row["design"].split("(")[0] for row in TABLE["callable"]}
    missing = {name for name in designed if name.split(".")[0] in SYNC and "__" not in name} - set(SYNC)
    assert missing == set()
