"""The blocking client and the asynchronous one have the same methods, arguments and descriptions."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import graph_olap

ROOT = Path(graph_olap.__file__).resolve().parents[4]
SCRIPT = ROOT / "scripts/unasync.py"
SOURCE = Path(graph_olap.__file__).parent / "aio"


@pytest.fixture(scope="module")
def unasync():
    spec = importlib.util.spec_from_file_location("unasync_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _twins():
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if parts == ("__init__",) or parts[-1] == "__init__":
            continue
        name = ".".join(parts)
        source = importlib.import_module(f"graph_olap.aio.{name}")
        derived = importlib.import_module(f"graph_olap.{name}")
        for public in source.__all__:
            yield pytest.param(
                getattr(source, public), getattr(derived, public.replace("Async", "")), id=f"{name}.{public}"
            )


def _members(thing):
    if inspect.isfunction(thing):
        return {"": thing}
    return {name: value for name, value in inspect.getmembers(thing, inspect.isfunction) if not name.startswith("__")}


@pytest.mark.parametrize(("source", "derived"), list(_twins()))
def test_twins_have_equal_signatures_and_descriptions(unasync, source, derived):
    def read(text):
        return unasync.transform_text(text or "", set())

    # Whether a line is broken here or there is the formatter's choice.
    assert read(source.__doc__) == (derived.__doc__ or "")
    expected, found = _members(source), _members(derived)
    renamed = {name.replace("aclose", "close") for name in expected}
    assert renamed == set(found)
    for name, member in expected.items():
        twin = found[name.replace("aclose", "close")]
        assert read(member.__doc__) == (twin.__doc__ or "")
        signature = re.sub(r"Awaitable\[(\w+)\]", r"\1", read(str(inspect.signature(member))))
        assert signature == str(inspect.signature(twin)), name
        assert not inspect.iscoroutinefunction(twin)


def test_the_derived_files_are_up_to_date():
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_asynchronous_is_left_in_the_derived_files(unasync):
    for name in unasync.source_names():
        text = (SOURCE.parent / name).read_text()
        assert text.startswith(f"# Derived from graph_olap/aio/{name};")
        body = text.partition("\n")[2]
        assert not re.search(r"(?<!respond-)\b(async|await|asyncio|Async\w+|graph_olap\.aio)\b", body), name


@pytest.mark.parametrize(
    ("source", "derived"),
    [
        ("async with a as b, c:\n    pass\n", "with a as b, c:\n    pass\n"),
        ("x = [y async for y in z]\n", "x = [y for y in z]\n"),
        ("x = (await f(1))['a'][0].b\n", "x = f(1)['a'][0].b\n"),
        ("g((await f()).x)\n", "g(f().x)\n"),
        ("g(await f())\n", "g(f())\n"),
        ("x = (await f()) + 1\n", "x = (f()) + 1\n"),
        ("s: Callable[[float], Awaitable[None]] = asyncio.sleep\n", "s: Callable[[float], None] = time.sleep\n"),
        ("from typing import Any, Awaitable, Callable\n", "from typing import Any, Callable\n"),
        (
            "from graph_olap.aio.http import AsyncClient  # AsyncClient\n",
            "from graph_olap.http import Client  # Client\n",
        ),
        ("awaited = asynchronous = 'awaiting'\n", "awaited = asynchronous = 'awaiting'\n"),
        ("'''>>> x = await c.f()\n>>> (await c.g()).h\n'''\n", "'''>>> x = c.f()\n>>> c.g().h\n'''\n"),
    ],
)
def test_rules(unasync, source, derived):
    assert unasync.transform(source, set()) == derived


def test_check_finds_every_kind_of_difference(unasync, tmp_path, monkeypatch, capsys):
    source = tmp_path / "pkg/aio"
    (source / "resources").mkdir(parents=True)
    (tmp_path / "pkg/resources").mkdir()
    (source / "resources/a.py").write_text("async def f() -> None:\n    pass\n")
    (tmp_path / "pkg/resources/orphan.py").write_text("")
    for name, value in {
        "ROOT": tmp_path,
        "PACKAGE": tmp_path / "pkg",
        "SOURCE": source,
        "SUBSTITUTIONS": {"AsyncUnused": "Unused"},
        "UNWRAPPED": (),
    }.items():
        monkeypatch.setattr(unasync, name, value)
    assert unasync.main(["--check"]) == 1
    complaints = capsys.readouterr().err
    assert "a.py: missing" in complaints
    assert "orphan.py: has no source" in complaints
    assert "'AsyncUnused'; remove it" in complaints
    (tmp_path / "pkg/resources/orphan.py").unlink()
    monkeypatch.setattr(unasync, "SUBSTITUTIONS", {})
    assert unasync.main([]) == 0
    assert unasync.main(["--check"]) == 0
    derived = tmp_path / "pkg/resources/a.py"
    derived.write_text(derived.read_text().replace("pass", "return"))
    assert unasync.main(["--check"]) == 1
    assert "-    return\n+    pass" in capsys.readouterr().err
