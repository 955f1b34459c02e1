"""Small helpers around the models."""

from graph_olap.utils.diff import diff_to_dict, render_diff, render_diff_html

__all__ = ["diff_to_dict", "render_diff", "render_diff_html"]
