"""Write a method of ``conn.algo`` for every native algorithm from its description in the server's catalog.

``python scripts/generate_algorithms.py`` writes ``graph_olap/aio/instance/methods``, ``--check`` only compares. The
blocking twins are derived from these files by ``scripts/unasync.py``. Algorithms whose method the SDK's design document
prescribes are written by hand in ``aio/instance/algorithms.py`` and left out here.
"""

from __future__ import annotations

import ast
import itertools
import sys
import textwrap
from collections.abc import Iterator

from graph_olap_server.instance.algorithms.model import Algorithm, Parameter
from graph_olap_server.instance.algorithms.registry import ALGORITHMS
from unasync import PACKAGE, ROOT, tidy

FOLDER = PACKAGE / "aio/instance/methods"
BY_HAND = PACKAGE / "aio/instance/algorithms.py"
NOTICE = "# Generated from the server's catalog of algorithms; run `make sync`.\n"
WIDTH = 116
MOST_LINES = 480

TYPES = {
    "int": "int",
    "float": "float",
    "string": "str",
    "boolean": "bool",
    "node": "NodeKey",
    "nodes": "Sequence[NodeKey]",
    "node_property": "str",
    "node_group": "str",
}
SAMPLES = {
    "nodes": '["A1"]',
    "node_property": '"balance"',
    "node_group": '"balance"',
    "string": '"x"',
    "int": "1",
    "float": "1.0",
}
NODES = ('"A1"', '"C9"', '"D2"')

NO_CYCLE = (
    ">>> chain = await conn.project(",
    '...     query="MATCH (a)-[p:PAID]->(b) WHERE p.amount > 10 RETURN a AS source, b AS target"',
    "... )",
)
EXAMPLES: dict[str, tuple[tuple[str, ...], str]] = {
    "topological_order": (NO_CYCLE, "graph=chain"),
    "topological_sort": (NO_CYCLE, "graph=chain"),
    "longest_path": (NO_CYCLE, "graph=chain"),
}
"""Lines before the call, and its arguments, where every node and relationship of the examples' graph would not do."""


def main() -> int:
    """Write or check all files."""
    check = "--check" in sys.argv[1:]
    expected = {FOLDER / name: text for name, text in modules().items()}
    stale = [path for path, text in expected.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    left_over = [path for path in FOLDER.glob("*.py") if path not in expected]
    if check:
        for path in (*stale, *left_over):
            print(f"{path.relative_to(ROOT)} does not fit the catalog of algorithms: run `make sync`.", file=sys.stderr)
        return 1 if stale or left_over else 0
    FOLDER.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(expected[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    for path in left_over:
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


def modules() -> dict[str, str]:
    """Return the text of every module by its name in the folder."""
    taken = methods_by_hand()
    families = itertools.groupby(
        sorted((each for each in ALGORITHMS if each.name not in taken), key=lambda each: (each.category, each.name)),
        key=lambda each: each.category,
    )
    found: dict[str, str] = {}
    classes: list[tuple[str, str]] = []
    for category, members in families:
        for number, methods in enumerate(parts([method(each) for each in members]), start=1):
            suffix = "" if number == 1 else str(number)
            name, title = f"{category}{suffix}", f"{category.title().replace('_', '')}Methods{suffix}"
            found[f"{name}.py"] = module(name, category, title, methods)
            classes.append((name, title))
    found["__init__.py"] = entrance(classes)
    return found


def methods_by_hand() -> set[str]:
    """Return the names of the methods that are written by hand."""
    tree = ast.parse(BY_HAND.read_text(encoding="utf-8"))
    (manager,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name for node in manager.body if isinstance(node, ast.AsyncFunctionDef)}


def parts(methods: list[str]) -> Iterator[list[str]]:
    """Split methods into modules that are not too long."""
    part: list[str] = []
    for text in methods:
        if part and sum(each.count("\n") for each in (*part, text)) > MOST_LINES - 40:
            yield part
            part = []
        part.append(text)
    if part:
        yield part


def module(name: str, category: str, title: str, methods: list[str]) -> str:
    """Return one module with a class of methods."""
    body = "\n".join(methods)
    typing = ["Optional", *(["Sequence"] if "Sequence[" in body else [])]
    imports = [
        f"from typing import {', '.join(typing)}",
        "from graph_olap._request import given",
        "from graph_olap.aio.instance.native import AsyncNativeRuns",
        f"from graph_olap.aio.instance.projections import AsyncProjection{', NodeKey' if 'NodeKey' in body else ''}",
        "from graph_olap.aio.instance.runs import AsyncAlgorithmRun",
    ]
    text = (
        f'{NOTICE}"""Native algorithms: {category.replace("_", " ")}."""\n\nfrom __future__ import annotations\n\n'
        + "\n".join(imports)
        + f'\n\n__all__ = ["{title}"]\n\n\nclass {title}(AsyncNativeRuns):\n'
        + f'    """Methods of ``conn.algo``: {category.replace("_", " ")}."""\n\n{body}'
    )
    return tidy(text, FOLDER / f"{name}.py")


def entrance(classes: list[tuple[str, str]]) -> str:
    """Return the module that joins all classes."""
    imports = "\n".join(f"from graph_olap.aio.instance.methods.{name} import {title}" for name, title in classes)
    bases = ", ".join(title for _, title in classes)
    text = (
        f'{NOTICE}"""A method for every native algorithm that is not written by hand."""\n\n'
        f"from __future__ import annotations\n\n{imports}\n\n"
        f'__all__ = ["AlgorithmMethods"]\n\n\nclass AlgorithmMethods({bases}):\n    """All of them."""\n'
    )
    return tidy(text, FOLDER / "__init__.py")


def method(algorithm: Algorithm) -> str:
    """Return the method of one algorithm."""
    parameters = sorted(algorithm.parameters, key=lambda each: not each.required)
    place = ["node_label", *(["property_name"] if algorithm.writable else []), "edge_type"]
    signature = [
        "self",
        *(f"{name}: Optional[str] = None" for name in place),
        "*",
        *(declared(each) for each in parameters),
        "graph: Optional[AsyncProjection] = None",
        "timeout: Optional[float] = None",
        "wait: bool = True",
    ]
    sent = ", ".join(f"{each.name}={each.name}" for each in parameters)
    property_name = "property_name" if algorithm.writable else "None"
    lines = [
        f"async def {algorithm.name}({', '.join(signature)}) -> AsyncAlgorithmRun:",
        *textwrap.indent(docstring(algorithm, parameters), "    ").splitlines(),
        f"    params = given({sent})",
        f'    return await self.run("{algorithm.name}", node_label, {property_name}, edge_type, params, timeout, wait, '
        "graph=graph)",
    ]
    return textwrap.indent("\n".join(lines), "    ") + "\n"


def declared(parameter: Parameter) -> str:
    """Return a parameter as it stands in the signature."""
    kind = TYPES[parameter.type]
    if parameter.required:
        return f"{parameter.name}: {kind}"
    if parameter.default is None:
        return f"{parameter.name}: Optional[{kind}] = None"
    return f"{parameter.name}: {kind} = {parameter.default!r}"


def docstring(algorithm: Algorithm, parameters: list[Parameter]) -> str:
    """Return the docstring of a method."""
    what = "Relationship" if algorithm.kind == "edge_map" else "Node"
    arguments = [("node_label", "Only nodes with this label; all labels by default.")]
    if algorithm.writable:
        written = f"{what} property to write to ({algorithm.property_type}: {algorithm.value})"
        arguments.append(("property_name", f"{written}; nothing is written by default."))
    arguments.append(("edge_type", "Only relationships of this type; all between the nodes by default."))
    for each in parameters:
        limits = f" {each.range}." if each.range else ""
        node = (
            " A primary key, or ``{'label': ..., 'key': ...}``."
            * each.type.startswith("node")
            * (each.type not in ("node_property", "node_group"))
        )
        arguments.append((each.name, f"{each.description}{node}{limits}"))
    arguments += [
        ("graph", "A projection from ``conn.project``, in place of ``node_label`` and ``edge_type``."),
        ("timeout", "Seconds to wait for the end; as long as it takes by default."),
        ("wait", "``False`` returns at once."),
    ]
    returned = "The ended run; with ``wait=False`` the running one."
    if not algorithm.writable:
        returned += f" Its ``result`` holds {algorithm.value.rstrip('.')}."
    seeded = "" if algorithm.deterministic else " Results can differ from run to run."
    blocks = [
        *wrapped(algorithm.description),
        *(["", *wrapped(algorithm.long_description)] if algorithm.long_description else []),
        "",
        *wrapped(f"Time: {algorithm.complexity}.{seeded} Source: {algorithm.source}"),
        "",
        "Args:",
        *(line for name, text in arguments for line in wrapped(f"{name}: {text}", "    ", "        ")),
        "",
        "Returns:",
        *wrapped(returned, "    ", "    "),
        "",
        "Example:",
        *(f"    {line}" for line in example(algorithm, parameters)),
    ]
    escaped = "\n".join(blocks).replace("\\", "\\\\")
    return f'"""{escaped}\n"""'


def example(algorithm: Algorithm, parameters: list[Parameter]) -> list[str]:
    """Return an example that runs on the graph of the examples: four accounts that pay each other."""
    before, arguments = EXAMPLES.get(algorithm.name, ((), ""))
    if not arguments:
        nodes = iter(NODES)
        needed = [each for each in parameters if each.required]
        given = (f"{each.name}={next(nodes) if each.type == 'node' else SAMPLES[each.type]}" for each in needed)
        arguments = ", ".join(['"Account"', *given])
    call = f"conn.algo.{algorithm.name}"
    if len(call) + len(arguments) < WIDTH - 40:
        return [*before, f">>> (await {call}({arguments})).status", "'completed'"]
    return [*before, f">>> run = await {call}(", f"...     {arguments}", "... )", ">>> run.status", "'completed'"]


def wrapped(text: str, first: str = "", later: str = "") -> list[str]:
    """Wrap text; ``first`` and ``later`` are put before its lines."""
    return textwrap.wrap(text, WIDTH - 8, initial_indent=first, subsequent_indent=later, break_long_words=False)


if __name__ == "__main__":
    sys.exit(main())
