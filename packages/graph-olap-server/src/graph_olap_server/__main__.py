"""``python -m graph_olap_server`` is ``graph-olap``."""

import sys

from graph_olap_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
