"""``graph-olap-sdk install-css``: the style sheet in Jupyter's own ``custom.css``, for images of JupyterHub.

Notebook 7 reads the file by itself; JupyterLab 4 when started with ``--custom-css``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Optional, Sequence

from graph_olap.styles import get_notebook_css

__all__ = ["install", "main", "remove"]

_START = "/* graph-olap: start. Written by graph-olap-sdk install-css; changes are lost. */"
_END = "/* graph-olap: end */"
_BLOCK = re.compile(rf"\n?{re.escape(_START)}.*?{re.escape(_END)}\n?", re.DOTALL)


def install(target: Path) -> bool:
    """Write the style sheet into a ``custom.css``, or bring it up to date there; the rest of the file stays.

    Args:
        target: The file; it and its folders are made when missing.

    Returns:
        Whether the file changed.

    Raises:
        ValueError: Only one of the two marks of an earlier installation is there; nothing was changed.
        OSError: The file cannot be read or written; nothing was changed.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "custom.css"
        >>> install(file), install(file), remove(file), file.exists()
        (True, False, True, False)
    """
    before = _read(target)
    own = _without_block(before, target)
    return _write(target, before, f"{own}\n{_block()}" if own else _block())


def remove(target: Path) -> bool:
    """Take the style sheet out of a ``custom.css``; a file that held nothing else goes.

    Args:
        target: The file; one that is missing is fine.

    Returns:
        Whether the file changed.

    Raises:
        ValueError: Only one of the two marks of an installation is there; nothing was changed.
        OSError: The file cannot be read or written; nothing was changed.
    """
    before = _read(target)
    return _write(target, before, _without_block(before, target))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command; the exit status is 0, or 1 when the file could not be changed."""
    parser = argparse.ArgumentParser(prog="graph-olap-sdk", description="Commands of the Graph OLAP SDK.")
    commands = parser.add_subparsers(dest="command", required=True)
    css = commands.add_parser("install-css", help="add the notebook styles to Jupyter's custom.css")
    css.add_argument("--target", type=Path, help="a custom.css or a folder for it (default: ~/.jupyter/custom)")
    css.add_argument("--remove", action="store_true", help="take the styles out again")
    options = parser.parse_args(arguments)
    target = _file(options.target)
    try:
        changed = remove(target) if options.remove else install(target)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"graph-olap-sdk install-css: {error}\n")
        return 1
    sys.stdout.write(f"{'Changed' if changed else 'Unchanged'}: {target}\n")
    return 0


def _file(target: Optional[Path]) -> Path:
    if target is None:
        folder = os.environ.get("JUPYTER_CONFIG_DIR")
        target = (Path(folder) if folder else Path.home() / ".jupyter") / "custom"
    return target if target.suffix == ".css" else target / "custom.css"


def _block() -> str:
    return f"{_START}\n{get_notebook_css().strip()}\n{_END}\n"


def _read(target: Path) -> str:
    try:
        return target.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _without_block(text: str, target: Path) -> str:
    rest = _BLOCK.sub("", text)
    if _START in rest or _END in rest:
        raise ValueError(f"{target} holds only one of the marks of an installation; remove that line and try again.")
    return rest


def _write(target: Path, before: str, after: str) -> bool:
    if before == after:
        return False
    if not after.strip():
        target.unlink()
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved, so that a full disk leaves the file as it was; a link stays a link.
    real = target.resolve()
    handle, name = tempfile.mkstemp(dir=real.parent, suffix=".css")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(after)
        Path(name).chmod(real.stat().st_mode & 0o777 if real.exists() else 0o644)
        Path(name).replace(real)
    except BaseException:
        Path(name).unlink()
        raise
    return True
