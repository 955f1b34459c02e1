"""The demo's page: one HTML file with everything inside, a picture of the airport network and the findings."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph_olap.styles import get_notebook_css

from graph_olap_server.demo.checks import Check

__all__ = ["Airport", "Route", "render_page"]

_WIDTH, _HEIGHT, _MARGIN = 1000, 560, 24
_COLOURS = ("#2563eb", "#db2777", "#059669", "#d97706", "#7c3aed", "#0891b2", "#dc2626", "#65a30d")


@dataclass(frozen=True, slots=True)
class Airport:
    """An airport on the map; its flights set its size, ``community`` its colour."""

    faa: str
    name: str
    lat: float
    lon: float
    page_rank: float
    community: int


@dataclass(frozen=True, slots=True)
class Route:
    """All flights from one airport to another."""

    source: str
    target: str
    flights: int
    mean_delay: float | None


def render_page(
    title: str,
    airports: Sequence[Airport],
    routes: Sequence[Route],
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]],
    checks: Sequence[Check],
) -> str:
    """Return the page: no script, no network, every value escaped."""
    sections = "".join(
        f"<h2>{html.escape(name)}</h2>{_table(columns, rows)}" for name, (columns, rows) in tables.items()
    )
    verdict = _table(
        ("Question", "Graph", "SQL", "Equal"),
        [(check.question, check.graph, check.sql, "yes" if check.equal else "NO") for check in checks],
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{get_notebook_css()}\n{_PAGE_CSS}</style></head><body><main>"
        f"<h1>{html.escape(title)}</h1>"
        "<p>Each line is all flights between two airports; its width is their number. A circle's size is the airport's "
        "number of flights, its colour the Louvain community. Hover for names.</p>"
        f"{_picture(airports, routes)}{sections}<h2>Checked against plain SQL</h2>{verdict}</main></body></html>\n"
    )


_PAGE_CSS = """
body { margin: 0; background: #f8fafc; color: #0f172a; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px; }
svg { width: 100%; height: auto; background: #fff; border: 1px solid #e2e8f0; border-radius: 8px; }
svg text { font: 11px system-ui, sans-serif; fill: #0f172a; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
table { border-collapse: collapse; background: #fff; margin: 8px 0 24px; }
th, td { border: 1px solid #e2e8f0; padding: 4px 10px; text-align: left; vertical-align: top; }
th { background: #f1f5f9; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) {
  body { background: #0f172a; color: #e2e8f0; }
  svg, table { background: #1e293b; border-color: #334155; }
  svg text { fill: #e2e8f0; stroke: #1e293b; }
  th, td { border-color: #334155; } th { background: #273449; }
}
"""


def _picture(airports: Sequence[Airport], routes: Sequence[Route]) -> str:
    shown = {name for route in routes for name in (route.source, route.target)}
    places = {airport.faa: airport for airport in airports if airport.faa in shown}
    if not places:
        return "<p>No airport has a flight.</p>"
    project = _projection(list(places.values()))
    busiest = max(route.flights for route in routes)
    lines = "".join(
        _line(project(places[route.source]), project(places[route.target]), route, busiest)
        for route in sorted(routes, key=lambda route: route.flights)
    )
    traffic = _traffic(routes)
    top = max(traffic.values())
    busiest_first = sorted(places.values(), key=lambda airport: (-traffic[airport.faa], airport.faa))
    circles = "".join(_circle(project(airport), airport, traffic[airport.faa], top) for airport in busiest_first)
    names = "".join(_names([(airport.faa, *project(airport)) for airport in busiest_first]))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Airport network">{lines}{circles}{names}</svg>'
    )


def _projection(places: Sequence[Airport]) -> Any:
    # Equirectangular, with longitudes shortened at the mean latitude so that the country keeps its shape.
    shrink = math.cos(math.radians(sum(place.lat for place in places) / len(places)))
    xs = [place.lon * shrink for place in places]
    ys = [-place.lat for place in places]
    scale = min(
        (_WIDTH - 2 * _MARGIN) / max(max(xs) - min(xs), 1e-9), (_HEIGHT - 2 * _MARGIN) / max(max(ys) - min(ys), 1e-9)
    )

    def project(place: Airport) -> tuple[float, float]:
        return (
            _MARGIN + (place.lon * shrink - min(xs)) * scale,
            _MARGIN + (-place.lat - min(ys)) * scale,
        )

    return project


def _line(start: tuple[float, float], end: tuple[float, float], route: Route, busiest: int) -> str:
    width = 0.4 + 3.2 * math.sqrt(route.flights / busiest)
    delay = "" if route.mean_delay is None else f", mean arrival delay {route.mean_delay:.1f} min"
    hint = html.escape(f"{route.source} → {route.target}: {route.flights:,} flights{delay}")
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="#64748b" '
        f'stroke-opacity="0.35" stroke-width="{width:.2f}"><title>{hint}</title></line>'
    )


def _traffic(routes: Sequence[Route]) -> Mapping[str, int]:
    flights: Counter[str] = Counter()
    for route in routes:
        flights[route.source] += route.flights
        flights[route.target] += route.flights
    return flights


def _circle(centre: tuple[float, float], airport: Airport, flights: int, top: int) -> str:
    radius = 2.5 + 11 * math.sqrt(flights / top)
    colour = _COLOURS[airport.community % len(_COLOURS)]
    hint = html.escape(
        f"{airport.faa} {airport.name}: {flights:,} flights, PageRank {airport.page_rank:.6f}, "
        f"community {airport.community}"
    )
    return (
        f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.85" '
        f'stroke="#fff" stroke-width="0.8"><title>{hint}</title></circle>'
    )


def _names(places: Sequence[tuple[str, float, float]]) -> Iterator[str]:
    # A name that would cover an earlier, busier one is left to the hover text.
    drawn: list[tuple[float, float]] = []
    for faa, x, y in places:
        if all(abs(x - other_x) > 30 or abs(y - other_y) > 13 for other_x, other_y in drawn):
            drawn.append((x, y))
            yield f'<text x="{x + 7:.1f}" y="{y - 6:.1f}">{html.escape(faa)}</text>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: Any) -> str:
    if isinstance(cell, bool) or cell is None or isinstance(cell, str):
        return f"<td>{html.escape('' if cell is None else str(cell))}</td>"
    text = (
        f"{cell:,.6g}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else html.escape(str(cell))
    )
    return f'<td class="number">{text}</td>'
