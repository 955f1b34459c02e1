"""Derive the blocking client from the asynchronous one.

``python scripts/unasync.py`` writes the derived files, ``--check`` only compares and explains every difference.
See docs/design/sync-and-async.md.

The sources are read as Python tokens, so nothing is replaced inside a name or a longer word by accident. Names and
attribute paths are replaced through one explicit table; ``async`` and ``await`` are dropped; strings and comments are
treated with the same table, so that docstring examples read right in both.
"""

from __future__ import annotations

import argparse
import difflib
import io
import keyword
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "packages/graph-olap-sdk/src/graph_olap"
SOURCE = PACKAGE / "aio"

NOT_DERIVED = ("__init__.py",)
"""Files of ``aio/`` without a twin: its entrance, which only re-exports."""

OTHER_FILES: dict[str, tuple[str, ...]] = {"resources": (), "instance": ()}
"""Folders that hold derived files only, and the exceptions in them."""

SUBSTITUTIONS: dict[str, str] = {
    "AsyncAdminResource": "AdminResource",
    "AsyncAlgorithmManager": "AlgorithmManager",
    "AsyncAlgorithmRun": "AlgorithmRun",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncClient": "Client",
    "AsyncDirectClient": "DirectClient",
    "AsyncExecutions": "Executions",
    "AsyncFavoriteResource": "FavoriteResource",
    "AsyncGenerator": "Generator",
    "AsyncGraphOLAPClient": "GraphOLAPClient",
    "AsyncHTTPClient": "HTTPClient",
    "AsyncHealthResource": "HealthResource",
    "AsyncInstanceCalls": "InstanceCalls",
    "AsyncInstanceChanges": "InstanceChanges",
    "AsyncInstanceConnection": "InstanceConnection",
    "AsyncInstanceResource": "InstanceResource",
    "AsyncInstanceStarts": "InstanceStarts",
    "AsyncIterator": "Iterator",
    "AsyncLargeResults": "LargeResults",
    "AsyncMappingHistory": "MappingHistory",
    "AsyncMappingResource": "MappingResource",
    "AsyncNetworkXManager": "NetworkXManager",
    "AsyncNativeRuns": "NativeRuns",
    "AsyncOpsResource": "OpsResource",
    "AsyncPaginatedList": "PaginatedList",
    "AsyncProjection": "Projection",
    "AsyncProjections": "Projections",
    "AsyncResultStream": "ResultStream",
    "AsyncRetrying": "Retrying",
    "AsyncSchemaResource": "SchemaResource",
    "AsyncSearches": "Searches",
    "AsyncSnapshotResource": "SnapshotResource",
    "AsyncUserResource": "UserResource",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "aread": "read",
    "asyncio": "time",
}
"""Name in the asynchronous source → name in the derived file."""

UNWRAPPED = ("Awaitable",)
"""Generic types that vanish: ``Awaitable[X]`` becomes ``X``."""

HEADER = "# Derived from graph_olap/aio/{name}; edit that file and run `make sync`.\n"

FIRST_PARTY = 'lint.isort.known-first-party = ["graph_olap"]'

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT_RULES = (
    (re.compile(r"(?<![\w)\]])\(await ([\w.]+\([^()]*\))\)"), r"\1"),
    (re.compile(r"\bawait "), ""),
    (re.compile(r"\basync (with|for|def)\b"), r"\1"),
    (re.compile(r"\bgraph_olap\.aio\b"), "graph_olap"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit with 1 when something differs")
    check = parser.parse_args(arguments).check
    used: set[str] = set()
    expected = {PACKAGE / name: derive(SOURCE / name, name, used) for name in source_names()}
    problems = list(unused(used)) + list(unexpected(expected))
    for path, text in sorted(expected.items()):
        found = path.read_text(encoding="utf-8") if path.exists() else None
        if found == text:
            continue
        if check:
            problems.append(describe(path, found, text))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems and check:
        print("The derived files do not fit their sources: run `make sync`.", file=sys.stderr)
    return 1 if problems else 0


def source_names() -> list[str]:
    """Return the sources that have a twin, relative to ``aio/``."""
    names = (path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
    return sorted(name for name in names if name not in NOT_DERIVED)


def derive(path: Path, name: str, used: set[str]) -> str:
    """Return the whole text of the derived file, formatted; note the substitutions in ``used``."""
    text = transform(path.read_text(encoding="utf-8"), used)
    return tidy(HEADER.format(name=name) + text, PACKAGE / name)


def transform(source: str, used: set[str]) -> str:
    r"""Return the blocking form of a module's source, before formatting.

    >>> transform("async def f(c: AsyncClient) -> None:\n    await c.aclose()\n", set())
    'def f(c: Client) -> None:\n    c.close()\n'
    """
    lines = source.splitlines(keepends=True)
    pieces: list[str] = []
    position = (1, 0)
    for start, end, replacement in edits(source, used):
        pieces.append(slice_of(lines, position, start))
        pieces.append(replacement)
        position = end
    pieces.append(slice_of(lines, position, (len(lines) + 1, 0)))
    return "".join(pieces)


def edits(source: str, used: set[str]) -> Iterator[tuple[tuple[int, int], tuple[int, int], str]]:
    """Yield the replacements of a source as (start, end, text), in order and without overlap."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    closing: set[int] = set()
    for index, token in enumerate(tokens):
        if index in closing:
            yield token.start, token.end, ""
        elif (group := awaited_group(tokens, index)) is not None:
            closing.add(group)
            yield token.start, token.end, ""
        elif token.type == tokenize.NAME and token.string in ("async", "await"):
            yield token.start, tokens[index + 1].start, ""
        elif token.type == tokenize.NAME and token.string in UNWRAPPED:
            used.add(token.string)
            if tokens[index + 1].string == "[":
                closing.add(matching_bracket(tokens, index + 1))
                yield token.start, tokens[index + 1].end, ""
            else:  # in an import list: the name goes, with its comma
                yield token.start, tokens[index + 2].start if tokens[index + 1].string == "," else token.end, ""
        elif token.type == tokenize.NAME and token.string == "aio" and tokens[index - 1].string == ".":
            yield tokens[index - 1].start, token.end, ""
        elif token.type == tokenize.NAME and token.string in SUBSTITUTIONS:
            used.add(token.string)
            yield token.start, token.end, SUBSTITUTIONS[token.string]
        elif token.type in TEXT_TOKENS:
            text = transform_text(token.string, used)
            if text != token.string:
                yield token.start, token.end, text


TEXT_TOKENS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def transform_text(text: str, used: set[str]) -> str:
    """Apply the same rules inside a string or a comment."""
    for pattern, replacement in _TEXT_RULES:
        text = pattern.sub(replacement, text)

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        if word in SUBSTITUTIONS:
            used.add(word)
        return SUBSTITUTIONS.get(word, word)

    return _WORD.sub(swap, text)


def awaited_group(tokens: list[tokenize.TokenInfo], index: int) -> int | None:
    """Return the closing index when ``index`` opens ``(await x)[...]`` or ``(await x).y``: the brackets go as well."""
    if tokens[index].string != "(" or tokens[index + 1].string != "await":
        return None
    before = tokens[index - 1]
    if before.string in (")", "]") or (before.type == tokenize.NAME and not keyword.iskeyword(before.string)):
        return None  # the arguments of a call
    end = matching_bracket(tokens, index)
    return end if tokens[end + 1].string in (".", "[") else None


def matching_bracket(tokens: list[tokenize.TokenInfo], opening: int) -> int:
    """Return the index of the token that closes the bracket at ``opening``."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"[": 1, "(": 1, "{": 1, "]": -1, ")": -1, "}": -1}.get(tokens[index].string, 0)
        if depth == 0:
            return index
    raise ValueError("unbalanced brackets")


def slice_of(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the source text between two token positions (lines from 1, columns from 0)."""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
    return "".join([lines[start[0] - 1][start[1] :], *lines[start[0] : end[0] - 1], last])


def tidy(text: str, path: Path) -> str:
    """Sort imports and ``__all__`` and format, as `make check` wants it."""
    ruff = Path(sys.executable).with_name("ruff")
    for command in (
        # Said explicitly, so that the order does not depend on which derived files exist already.
        ["check", "--quiet", "--fix-only", "--select", "I,RUF022", "--config", FIRST_PARTY],
        ["format", "--quiet"],
    ):
        done = subprocess.run(
            [str(ruff), *command, "--stdin-filename", str(path), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        if done.returncode != 0:
            raise SystemExit(f"ruff could not treat {path.relative_to(ROOT)}: {done.stderr.strip()}")
        text = done.stdout
    return text


def unused(used: set[str]) -> Iterator[str]:
    """Yield a complaint for each substitution that no source needs any more."""
    for name in sorted({*SUBSTITUTIONS, *UNWRAPPED} - used):
        yield f"scripts/unasync.py: no source uses the substitution {name!r}; remove it."


def unexpected(expected: dict[Path, str]) -> Iterator[str]:
    """Yield a complaint for each file in a derived folder that has no source."""
    for folder, exceptions in OTHER_FILES.items():
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            if path not in expected and path.name not in exceptions:
                yield f"{path.relative_to(ROOT)}: has no source in graph_olap/aio/; remove it."


def describe(path: Path, found: str | None, text: str) -> str:
    """Say how a derived file differs from what its source gives."""
    name = str(path.relative_to(ROOT))
    if found is None:
        return f"{name}: missing."
    return "".join(
        difflib.unified_diff(
            found.splitlines(keepends=True), text.splitlines(keepends=True), name, f"{name} (derived)", n=1
        )
    )


if __name__ == "__main__":
    sys.exit(main())
