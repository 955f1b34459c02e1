"""The ``graph-olap`` command."""


def main() -> None:
    """Run the command line."""
