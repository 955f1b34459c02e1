"""Small helpers around the models."""

from graph_olap.utils.diff import render_diff

__all__ = ["render_diff"]
