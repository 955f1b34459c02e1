"""Run the example notebooks and keep their outputs: ``python scripts/run_examples.py``.

Outputs stay in the repository because a reader on a code host sees them. Pages of pictures and interactive tables do
not: code hosts drop them, and the text beside them says what they show.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

__all__ = ["EXAMPLES", "run"]

EXAMPLES = sorted((Path(__file__).parent.parent / "packages/graph-olap-sdk/examples").glob("*.ipynb"))
_LARGEST_PAGE = 20_000


def run(path: Path) -> Any:
    """Execute a notebook in a kernel of this interpreter and return it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(path.parent))
    return notebook


def _lighten(notebook: Any) -> None:
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        kept = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            page = data.get("text/html", "")
            if data.get("text/plain", "").startswith("<IPython") or output.get("text", "").startswith("Started Graph"):
                continue  # the style sheet and scripts that connecting adds, and where this run's platform listened
            if output.get("name") == "stderr":
                continue  # progress bars, which a slow machine shows
            if len(page) > _LARGEST_PAGE:
                del data["text/html"]
            kept.append(output)
        if cell.cell_type == "code":
            cell.outputs = kept


def main() -> int:
    """Run every example and write it back."""
    for path in EXAMPLES:
        notebook = run(path)
        _lighten(notebook)
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
