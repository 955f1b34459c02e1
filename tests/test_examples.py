"""The example notebooks run for a stranger, and find what they say they find."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parent.parent

FINDINGS = {
    "basic_workflow": [
        "2,206 of 2,227 rows were loaded, 21 rejected",
        "BQN, PSE, SJU, STT",
        "JFK     LAX          Los Angeles Intl                   11262",
        "ExpressJet Airlines Inc.           10",
        "('RIC', 'Richmond Intl', 19.9)",
    ],
    "algorithms": [
        "     103           1",
        "       1        1355",
        "modularity 0.127",
        "EWR                                  32",
        "EWR       0.05696636925188744",
        "4 hops: ANC - EWR - ",
        "      3        42",
    ],
    "visualization": [
        "(:Airport)-[:ROUTE]->(:Airport)     428",
        "Picture(16 nodes, 11 relationships)",
        "Picture(81 nodes, 254 relationships)",
        "Picture(5 nodes, 4 relationships)",
        "Picture(200 of 1,458 nodes",
        "Virgin America                      5",
    ],
}
PICTURES = {"basic_workflow": 0, "algorithms": 0, "visualization": 5}


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_examples", ROOT / "scripts/run_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXAMPLES = {path.stem: path for path in _script().EXAMPLES}


def _outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def _text(notebook: Any) -> str:
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in _outputs(notebook)
    )


def test_the_examples_are_the_three_of_the_design_document() -> None:
    assert sorted(EXAMPLES) == sorted(FINDINGS)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", sorted(FINDINGS))
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")
def test_an_example_runs_and_finds_what_it_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPH_OLAP_API_URL", raising=False)
    notebook = _script().run(EXAMPLES[name])
    text = _text(notebook)
    assert [finding for finding in FINDINGS[name] if finding not in text] == []
    complaints = [output.text for output in _outputs(notebook) if output.get("name") == "stderr"]
    progress = re.compile(r"\s*$|\r.*%\|")  # bars of what takes longer than a second, as text without widgets
    assert [line for line in complaints if not (line.startswith("Started Graph OLAP") or progress.match(line))] == []
    pages = [output.get("data", {}).get("text/html", "") for output in _outputs(notebook)]
    assert sum("<iframe" in page for page in pages) == PICTURES[name]


@pytest.mark.parametrize("name", sorted(FINDINGS))
def test_the_kept_outputs_tell_the_findings_too(name: str) -> None:
    text = _text(nbformat.read(EXAMPLES[name], as_version=4))
    assert [finding for finding in FINDINGS[name] if finding not in text] == []
    assert EXAMPLES[name].stat().st_size < 100_000
