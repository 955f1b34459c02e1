"""Runs statements on a real engine in a process of its own, with no guard and no read-only transaction.

Reads a JSON list of statements from standard input and works in the current folder. Writes one JSON line for each: how
it ended, and whether anything is different afterwards (graph, schema, settings, transaction, files) or the file that
nobody may read was read.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from graph_olap_server.instance.engine.registry import engine_class

_SECRET = "top secret"
_SETTINGS = ("threads", "timeout", "progress_bar", "enable_zone_map", "enable_semi_mask", "var_length_extend_max_depth")


class Sandbox:
    """A small graph and a few files."""

    def __init__(self, library: Any, folder: Path) -> None:
        folder.mkdir()
        self._library = library
        self._folder = folder
        self._database = library.Database(str(folder / "graph.db"), buffer_pool_size=128 * 1024**2, max_num_threads=2)
        self.connection = self._connect()
        for statement in (
            "CREATE NODE TABLE Person(id INT64, name STRING, age INT64, PRIMARY KEY(id))",
            "CREATE REL TABLE KNOWS(FROM Person TO Person, since INT64)",
            "CREATE (a:Person {id: 1, name: 'Ann', age: 3})-[:KNOWS {since: 1}]->(b:Person {id: 2, name: 'Bob'})",
        ):
            self.connection.execute(statement)
        self.before = self.state()

    def run(self, statement: str) -> tuple[str, bool]:
        """Run a statement; return how it ended and whether it disclosed the secret."""
        try:
            results = self.connection.execute(statement, {"age": 3} if "$age" in statement else None)
            results = results if isinstance(results, list) else [results]
            disclosed = any(_SECRET in str(result.get_all()) for result in results)
        except RuntimeError as error:
            return str(error)[:200], False
        return "ok", disclosed

    def state(self) -> Any:
        """Return everything that a statement could change."""
        transaction = "none"
        try:
            self.connection.execute("BEGIN TRANSACTION READ ONLY")
            self.connection.execute("ROLLBACK")
        except RuntimeError:
            transaction = "open"
            with suppress(RuntimeError):
                self.connection.execute("ROLLBACK")
        asked = ["MATCH (n) RETURN n", "MATCH ()-[r]->() RETURN r", "CALL show_tables() RETURN *"]
        asked += ["RETURN leak(1)", "CALL show_attached_databases() RETURN *"]
        asked += ["CALL show_projected_graphs() RETURN *", "CALL show_sequences() RETURN *"]
        asked += ["CALL table_info('Person') RETURN *", "CALL show_indexes() RETURN *"]
        asked += [f"CALL current_setting('{name}') RETURN *" for name in _SETTINGS]
        return transaction, [self._rows(statement) for statement in asked], self._files()

    def _connect(self) -> Any:
        connection = self._library.Connection(self._database, num_threads=2)
        connection.execute("CALL progress_bar=false")
        connection.set_query_timeout(5_000)
        return connection

    def _rows(self, statement: str) -> Any:
        try:
            return sorted(map(str, self.connection.execute(statement).get_all()))
        except RuntimeError as error:
            return str(error)

    def _files(self) -> Any:
        """Return names and contents; the engine's own files count by their size."""
        return sorted(
            (str(path), path.stat().st_size if path.is_relative_to(self._folder) else _digest(path))
            for path in Path().rglob("*")
            if path.is_file() and (path.is_relative_to(self._folder) or "sandbox" not in path.parts[0])
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Serve one list of statements."""
    library = engine_class(sys.argv[1])._library()
    Path("secret.csv").write_text(f"{_SECRET},1\n{_SECRET},2\n")
    Path("people.csv").write_text("5,Eve,9\n")
    library.Database("other.db", buffer_pool_size=64 * 1024**2).close()
    number = 0
    sandbox = Sandbox(library, Path(f"sandbox{number}"))
    files = {path.name for path in Path().iterdir()}
    for statement in json.load(sys.stdin):
        ended, disclosed = sandbox.run(statement)
        # Out of the way of transactions that the statement itself began or ended.
        after = sandbox.state()
        changed = after != sandbox.before
        print(json.dumps({"ended": ended, "effect": disclosed or changed}), flush=True)
        if changed:
            number += 1
            for path in Path().iterdir():
                if path.name not in files and path.is_file():
                    path.unlink()
            sandbox = Sandbox(library, Path(f"sandbox{number}"))


if __name__ == "__main__":
    main()
