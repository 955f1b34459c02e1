"""Write the generated pages under docs/reference, or with ``--check`` fail when one is out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from graph_olap.exceptions import ERROR_CODES
from graph_olap_server.config import Settings
from pydantic_core import PydanticUndefined
from sdk_pages import NOTICE, sdk_pages

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Write or check all pages."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, text in {"settings.md": settings_page(), "errors.md": errors_page(), **sdk_pages()}.items():
        path = ROOT / "docs/reference" / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"out of date: {', '.join(stale)}; run python scripts/generate_docs.py")
    return 1 if stale else 0


def settings_page() -> str:
    """Every setting with its environment variable, default and help."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "see text" if field.default is PydanticUndefined else field.default
        shown = "not set" if default is None else f"`{default}`" if default != "see text" else "`~/.graph-olap`"
        rows.append(f"| `GRAPH_OLAP_{name.upper()}` | {shown} | {field.description} |")
    return (
        f"# Settings of the server\n\n{NOTICE}"
        "Each setting is an environment variable; `graph-olap serve --help` lists those that are also flags.\n\n"
        "| variable | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def errors_page() -> str:
    """Every error code with its status and the exception that the SDK raises."""
    rows = []
    for code, entry in ERROR_CODES.items():
        meaning = (entry.exception.__doc__ or "").splitlines()[0]
        rows.append(f"| `{code}` | {entry.status} | `{entry.exception.__name__}` | {meaning} |")
    return (
        f"# Error codes\n\n{NOTICE}"
        "Every error reply carries a code; the SDK raises the class beside it (module `graph_olap.exceptions`).\n\n"
        "| code | status | exception | meaning |\n|---|---:|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
