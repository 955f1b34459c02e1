"""The notebook style sheet."""

from __future__ import annotations

from importlib import resources

__all__ = ["get_notebook_css"]


def get_notebook_css() -> str:
    """Return the style sheet for tables, badges, alerts and progress in notebooks; it follows light and dark themes.

    Example:
        >>> ".go-table" in get_notebook_css()
        True
    """
    return resources.files(__name__).joinpath("notebook.css").read_text(encoding="utf-8")
