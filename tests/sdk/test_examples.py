"""Every public method of the client says what it takes, gives and raises, and its example runs on a real platform.

The blocking client and the asynchronous one each get a platform of their own; the examples of the one are derived from
those of the other, so the same calls must give the same results through both.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import types
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sdk_bank import async_scene, bank_platform, furnish, sync_scene
from sdk_surface import ASYNC, SYNC, entries, section

_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_MAKES_THE_FIRST_USER = "UserResource.bootstrap"


@pytest.mark.parametrize("name", sorted(name for name in SYNC if "." in name))
def test_method_is_explained(name: str) -> None:
    method = SYNC[name]
    signature = inspect.signature(method)
    takes = {
        ("**" if parameter.kind is parameter.VAR_KEYWORD else "") + each
        for each, parameter in signature.parameters.items()
        if each != "self"
    }
    assert takes == set(entries(method, "Args"))
    gives = signature.return_annotation not in ("None", None)
    assert gives == bool(section(method, "Returns"))
    assert ">>> " in section(method, "Example")
    for parameter in signature.parameters.values():
        assert parameter.name == "self" or parameter.annotation is not parameter.empty
    assert signature.return_annotation is not signature.empty


def test_both_clients_have_the_same_surface() -> None:
    renamed = {name.replace("Async", "").replace("aclose", "close") for name in ASYNC}
    assert renamed == set(SYNC)


@pytest.fixture(scope="module")
def sync_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    with bank_platform(tmp_path_factory.mktemp("sync")) as platform, sync_scene(platform.url) as scene:
        run_example(SYNC[_MAKES_THE_FIRST_USER], scene)
        furnish(scene)
        yield scene


@pytest.fixture(scope="module")
def async_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    with bank_platform(tmp_path_factory.mktemp("async")) as platform, async_scene(platform.url) as scene:
        run_example(ASYNC[f"Async{_MAKES_THE_FIRST_USER}"], scene)
        furnish(scene)
        yield scene


@pytest.mark.filterwarnings("ignore::graph_olap.GraphOLAPWarning")  # more memory: the engine keeps its buffer
@pytest.mark.parametrize("name", sorted(set(SYNC) - {_MAKES_THE_FIRST_USER}))
def test_example_runs(sync_names: SimpleNamespace, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPH_OLAP_API_URL", raising=False)
    run_example(SYNC[name], sync_names)


@pytest.mark.filterwarnings("ignore::graph_olap.GraphOLAPWarning")  # more memory: the engine keeps its buffer
@pytest.mark.parametrize("name", sorted(set(ASYNC) - {f"Async{_MAKES_THE_FIRST_USER}"}))
def test_asynchronous_example_runs(async_names: SimpleNamespace, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPH_OLAP_API_URL", raising=False)
    run_example(ASYNC[name], async_names)


def run_example(documented: Any, scene: SimpleNamespace) -> None:
    """Run the example of a docstring as a notebook does, and compare what it prints."""
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(documented) or "")
    assert examples
    names: dict[str, Any] = dict(vars(scene))
    for example in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            _execute(example.source, names, scene.run)
        found = printed.getvalue()
        assert doctest.OutputChecker().check_output(example.want, found, _FLAGS), (example.source, found, example.want)


def _execute(source: str, names: dict[str, Any], run: Callable[[Any], Any]) -> None:
    code = compile(source, "<example>", "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = types.FunctionType(code, names)()
    if inspect.iscoroutine(result):
        run(result)
