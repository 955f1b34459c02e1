"""Pictures of graphs that need no network and no widget: JupyterLab, Notebook 7, exported HTML."""

from __future__ import annotations

from graph_olap.viz.picture import Picture, draw

__all__ = ["Picture", "draw"]
