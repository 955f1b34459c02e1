"""The package as a whole: names, weight, examples, settings."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import graph_olap
from graph_olap.config import Config

SOURCE = Path(graph_olap.__file__).parent
MODULES = sorted(
    ".".join(("graph_olap", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    for path in SOURCE.rglob("*.py")
)


def test_every_public_name_is_there_and_in_all():
    assert sorted(graph_olap.__all__) == sorted(set(graph_olap.__all__))
    for name in graph_olap.__all__:
        assert getattr(graph_olap, name) is not None
        assert name in dir(graph_olap)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = graph_olap.nonsense


def test_type_checkers_see_the_names_that_run_time_sees():
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname or alias.name for node in block.body for alias in getattr(node, "names", ())}
    seen |= {node.target.id for node in block.body if isinstance(node, ast.AnnAssign)}
    assert seen == set(graph_olap.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_all_of_each_module_is_complete_and_documented(module):
    loaded = importlib.import_module(module)
    assert loaded.__doc__
    names = loaded.__all__
    assert len(names) == len(set(names))
    for name in names:
        assert hasattr(loaded, name)


def test_importing_loads_nothing_heavy():
    heavy = ["polars", "pandas", "pyarrow", "networkx", "tqdm", "itables", "numpy", "IPython"]
    code = (
        "import sys, graph_olap\n"
        "assert 'httpx' not in sys.modules and 'pydantic' not in sys.modules, 'import graph_olap'\n"
        "from graph_olap import GraphOLAPClient, notebook\n"
        f"found = [name for name in {heavy!r} if name in sys.modules]\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_budget_of_an_import():
    """Counted in modules: `import graph_olap` is far from 300 ms as long as it loads next to nothing."""
    code = (
        "import sys; start = len(sys.modules)\n"
        "import graph_olap; bare = len(sys.modules) - start\n"
        "import httpx, pydantic; libraries = len(sys.modules)\n"
        "from graph_olap import GraphOLAPClient, notebook; print(bare, libraries, len(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    bare, libraries, everything = map(int, done.stdout.split())
    assert bare <= 60
    assert everything <= 2 * libraries


@pytest.mark.parametrize(
    "module",
    [
        "graph_olap",
        "graph_olap._cypher_text",
        "graph_olap._definitions",
        "graph_olap._lifecycle",
        "graph_olap._parameters",
        "graph_olap._retries",
        "graph_olap._values",
        "graph_olap.display",
        "graph_olap.exceptions",
        "graph_olap.models.common",
        "graph_olap.models.mapping",
        "graph_olap.models.result",
        "graph_olap.models.types",
        "graph_olap.notebook",
        "graph_olap.styles",
        "graph_olap.utils.diff",
    ],
)
def test_examples_that_need_no_server_run(module):
    loaded = importlib.import_module(module)
    globs = {name: getattr(loaded, name) for name in dir(loaded)}
    results = doctest.testmod(loaded, globs=globs, optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    assert results.attempted > 0
    assert results.failed == 0
    if module == "graph_olap.notebook":
        loaded.get_client().close()


def test_the_version_is_the_one_of_the_distribution():
    assert graph_olap.__version__[0].isdigit()


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x", "http://", "http://u:p@host"])
def test_wrong_addresses_are_refused(url):
    with pytest.raises(ValueError, match="api_url"):
        Config(url)


@pytest.mark.parametrize(("field", "value"), [("timeout", 0), ("max_retries", -1), ("total_timeout", 0)])
def test_wrong_numbers_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        Config("http://x", **{field: value})


def test_without_an_address_the_error_says_what_to_set():
    with pytest.raises(ValueError, match="GRAPH_OLAP_API_URL"):
        Config.from_env(environ={})


def test_arguments_win_over_the_environment():
    environ = {
        "GRAPH_OLAP_API_URL": "http://env",
        "GRAPH_OLAP_API_KEY": "env-key",
        "GRAPH_OLAP_INTERNAL_API_KEY": "env-inner",
        "GRAPH_OLAP_USERNAME": "env-user",
        "GRAPH_OLAP_ROLE": "ops",
        "GRAPH_OLAP_IN_CLUSTER_MODE": "TRUE",
        "GRAPH_OLAP_NAMESPACE": "team",
    }
    config = Config.from_env(username="ada", environ=environ)
    assert config == Config("http://env", "env-key", "env-inner", "ada", "ops", 30.0, 3, True, "team")
    assert "env-key" not in repr(config)
    assert "env-inner" not in repr(config)
    assert Config.from_env("http://arg", "k", environ=environ).api_url == "http://arg"


def test_every_environment_variable_is_documented():
    source = inspect.getsource(Config.from_env)
    readme = (SOURCE.parent.parent / "README.md").read_text()
    names = {word for word in source.replace('"', " ").replace("`", " ").split() if word.startswith("GRAPH_OLAP_")}
    missing = {name.strip(".,") for name in names} - {word.strip("`|,.") for word in readme.split()}
    assert not missing
