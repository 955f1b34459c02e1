"""Start the server of one instance: ``python -m graph_olap_server.instance --config FOLDER/config.json``."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any


def main() -> None:
    """Read the configuration and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m graph_olap_server.instance", description="Serve one graph instance."
    )
    parser.add_argument("--config", type=Path, required=True, help="the instance's config.json")
    path: Path = parser.parse_args().config
    with _nothing_to_collect():
        from pydantic import ValidationError

        from graph_olap_server.domain.instance_config import InstanceConfig
        from graph_olap_server.instance.server import serve

        _spare_arrow_pandas()
    try:
        config = InstanceConfig.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        parser.exit(2, f"{path} does not exist; the launcher writes it." + "\n")
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False))
        parser.exit(2, f"{path} is not an instance configuration; wrong or missing: {fields}." + "\n")
    try:
        serve(config)
    except OSError as error:
        parser.exit(1, f"Cannot listen on {config.host}:{config.port}: {error.strerror}." + "\n")


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Import without looking for garbage: what is imported stays, and to look through it again and again takes time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # later collections need not look through it either
        gc.enable()


def _spare_arrow_pandas() -> None:
    """Let Arrow look for pandas, once and for all, while there is none.

    Wherever pandas is installed Arrow imports it with the first query, only to see that values are none of its own:
    a quarter of a second, and 40 MB for good, that nothing in this process has a use for.
    """
    import pyarrow as pa

    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(absent)


class _Absent(MetaPathFinder):
    """Answers that pandas is not installed."""

    def find_spec(self, fullname: str, _path: Any = None, _target: Any = None) -> None:
        """Refuse pandas, and leave everything else to others."""
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not used by an instance.", name=fullname)


if __name__ == "__main__":
    main()
