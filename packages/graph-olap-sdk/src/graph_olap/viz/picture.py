"""An interactive picture of a graph, in a page of its own inside the notebook.

The page is an ``iframe`` with everything in it: the library, the data, the styles. It is sandboxed, so whatever the
data hold, the page reaches neither the notebook nor the network.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from functools import cache
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from graph_olap.styles import get_notebook_css
from graph_olap.viz import scales
from graph_olap.viz.elements import Elements, collect

__all__ = ["Picture", "draw"]

_LONGEST_VALUE = 200
# What the page may do, whatever is in it: run the scripts it holds, and fetch nothing.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


class Picture:
    """A picture of nodes and relationships; the last line of a cell shows it.

    Example:
        >>> picture = draw([("REL", {"_id": 1, "_type": "PAID", "_src": 1, "_dst": 2})])
        >>> picture
        Picture(2 nodes, 1 relationship)
        >>> "<script" in picture.to_html()
        True
    """

    def __init__(self, elements: Elements, data: Mapping[str, Any], height: int) -> None:
        self._elements = elements
        self._data = data
        self._height = height

    def to_html(self) -> str:
        """Return the picture as a whole HTML page that needs no network."""
        # Escaped so that no text of the data can end the script element or be read as a tag.
        data = json.dumps(self._data, ensure_ascii=True, separators=(",", ":"))
        data = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        return _asset("picture.html").format(
            policy=html.escape(_POLICY, quote=True),
            styles=get_notebook_css() + _asset("picture.css"),
            data=data,
            library=_library(),
            script=_asset("picture.js"),
        )

    def save(self, path: Union[str, PathLike[str]]) -> Path:
        """Write the picture as one HTML file that opens in any browser, without network.

        Args:
            path: The file; an existing one is replaced.

        Returns:
            The path of the file.
        """
        target = Path(path)
        target.write_text(self.to_html(), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        page = self.to_html()
        name = "go-picture-" + hashlib.sha256(page.encode()).hexdigest()[:12]
        return (
            f'<div class="graph-olap"><iframe class="go-picture {name}" sandbox="allow-scripts allow-downloads" '
            f'title="Graph: {html.escape(self._elements.summary(), quote=True)}" width="100%" height="{self._height}" '
            f'style="border:0" srcdoc="{html.escape(page, quote=True)}"></iframe>'
            f'<div class="go-note">{html.escape(self._elements.summary(), quote=True)}</div></div>'
            f"<script>{_asset('theme.js').replace('NAME', name)}</script>"
        )

    def __repr__(self) -> str:
        return f"Picture({self._elements.summary()})"


def draw(
    entities: Iterable[Tuple[str, Mapping[str, Any]]],
    limit: int = 500,
    *,
    caption: Optional[str] = None,
    color: Optional[str] = None,
    size: Optional[str] = None,
    width: Optional[str] = None,
    x: Optional[str] = None,
    y: Optional[str] = None,
    height: int = 480,
) -> Picture:
    """Make a picture of nodes and relationships.

    Args:
        entities: Pairs of ``"NODE"`` or ``"REL"`` and the value as a query returns it.
        limit: Most nodes to draw, 1 to 5,000.
        caption: Property written at the nodes.
        color: Property that colours the nodes; their label by default.
        size: Numeric property of nodes that their area follows.
        width: Numeric property of relationships that their width follows.
        x: Numeric property that places the nodes from left to right, such as a longitude; together with ``y``.
        y: Numeric property that places the nodes upwards.
        height: Height in CSS pixels, 120 to 4,000.

    Raises:
        ValueError: An argument is out of range, or names a property that nothing in the picture has.
    """
    if (x is None) != (y is None):
        raise ValueError("x and y place the nodes together; give both or neither.")
    if not 120 <= height <= 4000:
        raise ValueError(f"height must be between 120 and 4,000 pixels, not {height!r}.")
    elements = collect(entities, limit)
    nodes = list(elements.nodes.values())
    fills, legend = scales.colors(nodes, color)
    radii = scales.sizes(nodes, size, 4, 16)
    spots = scales.places(nodes, x, y) if x is not None and y is not None else [None] * len(nodes)
    captions = scales.caption_property(nodes)
    if caption is not None and not any(caption in node for node in nodes):
        raise ValueError(f"No node has the property {caption!r} for caption.")
    drawn: List[Dict[str, Any]] = []
    for node, fill, radius, spot in zip(nodes, fills, radii, spots):
        label = node.get("_label", "")
        title = node.get(caption or captions.get(label) or "")
        item = {
            "id": node["_id"],
            "kind": _text(label),
            "caption": _text(node["_id"] if title is None else title),
            "color": fill,
            "radius": round(radius, 2),
            "facts": _facts(node),
        }
        if spot is not None:
            item["fx"], item["fy"] = round(spot[0], 2), round(spot[1], 2)
        drawn.append(item)
    widths = scales.sizes(elements.relationships, width, 0.5, 3.5) if width else [1.0] * len(elements.relationships)
    links = [
        {
            "source": rel["_src"],
            "target": rel["_dst"],
            "kind": _text(rel["_type"]),
            "width": round(thickness, 2),
            "facts": _facts(rel),
        }
        for rel, thickness in zip(elements.relationships, widths)
    ]
    shown_legend = [{"text": _text(text), "color": fill} for text, fill in legend]
    return Picture(
        elements,
        {
            "nodes": drawn,
            "links": links,
            "legend": shown_legend,
            "ramp": set(fills) - {shade for _, shade in legend} != set(),
        },
        height,
    )


def _facts(item: Mapping[str, Any]) -> List[Tuple[str, str]]:
    return [(_text(name), _text(value)) for name, value in item.items() if not name.startswith("_")]


def _text(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


@cache
def _asset(name: str) -> str:
    return resources.files("graph_olap.viz").joinpath(name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    source = resources.files("graph_olap.viz").joinpath("vendor/force-graph.min.js").read_bytes()
    # Compressed it adds 75 kB to a notebook instead of 173.
    return base64.b64encode(gzip.compress(source, 9, mtime=0)).decode()
