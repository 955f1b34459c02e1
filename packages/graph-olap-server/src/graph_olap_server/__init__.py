"""Server side of Graph OLAP: control plane, export, launcher and graph instances."""

from importlib.metadata import version as _version

__version__ = _version("graph-olap-server")
