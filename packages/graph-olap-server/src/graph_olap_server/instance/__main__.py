"""Start the server of one instance: ``python -m graph_olap_server.instance --config FOLDER/config.json``."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import ValidationError

from graph_olap_server.domain.instance_config import InstanceConfig
from graph_olap_server.instance.server import serve


def main() -> None:
    """Read the configuration and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m graph_olap_server.instance", description="Serve one graph instance."
    )
    parser.add_argument("--config", type=Path, required=True, help="the instance's config.json")
    path: Path = parser.parse_args().config
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


if __name__ == "__main__":
    main()
