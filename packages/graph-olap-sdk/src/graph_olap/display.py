"""How results and objects look in notebooks and terminals.

Every value that reaches HTML passes :func:`escape`; there is no other way in.
"""

from __future__ import annotations

import html
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

from graph_olap._cypher_text import value_text

if TYPE_CHECKING:
    from graph_olap._page import Page
    from graph_olap.models import (
        AlgorithmExecution,
        DryRun,
        Instance,
        LoadReport,
        Mapping,
        MappingDiff,
        MappingProposal,
        Schema,
        Snapshot,
        WireModel,
    )
    from graph_olap.models.result import QueryResult

__all__ = [
    "diff_html",
    "dry_run_html",
    "dry_run_text",
    "escape",
    "execution_html",
    "instance_html",
    "load_report_html",
    "load_report_rows",
    "load_report_text",
    "mapping_html",
    "model_html",
    "model_text",
    "page_html",
    "proposal_html",
    "records_html",
    "records_text",
    "result_html",
    "result_note",
    "result_text",
    "schema_html",
    "schema_text",
    "snapshot_html",
    "text_table",
]

_LONGEST_CELL = 200
_MOST_INNER_ROWS = 20
_MOST_RECORDS = 200
_BADGES = {
    "ready": "success",
    "running": "success",
    "completed": "success",
    "failed": "danger",
    "cancelled": "danger",
    "pending": "info",
    "creating": "info",
    "starting": "info",
    "waiting_for_snapshot": "info",
}
_PAGE_FIELDS = ("id", "name", "status", "owner_username", "mapping_id", "current_version", "created_at", "expires_at")


def escape(value: Any) -> str:
    """Return a value as text that is safe inside HTML, shortened when it is long.

    Example:
        >>> escape("<b>")
        '&lt;b&gt;'
    """
    text = "" if value is None else value_text(value)
    if len(text) > _LONGEST_CELL:
        text = text[: _LONGEST_CELL - 1] + "…"
    return html.escape(text, quote=True)


def text_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], widest: int = 60) -> str:
    """Return an aligned text table; numbers are right-aligned.

    Example:
        >>> print(text_table(["name", "age"], [["Ada", 36]]))
        name  age
        ----  ---
        Ada    36
    """
    body = [[_cell(value, widest) for value in row] for row in rows]
    numeric = [all(_is_number(row[index]) for row in body) and bool(body) for index in range(len(columns))]
    heads = [_cell(name, widest) for name in columns]
    widths = [max(len(line[index]) for line in [heads, *body]) for index in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        parts = (
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(cells, widths, numeric)
        )
        return "  ".join(parts).rstrip()

    return "\n".join([line(heads), line(["-" * width for width in widths]), *map(line, body)])


def result_text(result: QueryResult, limit: int) -> str:
    """Return the first rows of a query result as a text table."""
    footer = _result_footer(result, min(limit, len(result.rows)))
    if not result.columns:
        return footer
    return f"{text_table(result.columns, result.rows[:limit])}\n{footer}"


def result_html(result: QueryResult, limit: int) -> str:
    """Return the first rows of a query result as HTML."""
    shown = min(limit, len(result.rows))
    return _block(_table(result.columns, result.rows[:limit]), _note(_result_footer(result, shown)))


def result_note(result: QueryResult, shown: int) -> str:
    """Return the line under a table of a result as HTML: how much of it is shown."""
    return _block(_note(_result_footer(result, shown)))


def model_text(model: WireModel) -> str:
    """Return any object of the platform for terminals: a line a field, what is not set left out."""
    facts = [(name, value) for name, value in model.model_dump().items() if value is not None]
    widest = max((len(name) for name, _ in facts), default=0)
    lines = [f"  {name.ljust(widest)}  {_cell(_plain(value), _LONGEST_CELL)}" for name, value in facts]
    return "\n".join([type(model).__name__, *lines])


def model_html(model: WireModel) -> str:
    """Return any object of the platform as HTML; lists of objects become tables."""
    facts = model.model_dump()
    status = facts.pop("status", None)
    return _block(_card(type(model).__name__, "", status if isinstance(status, str) else None, facts.items()))


def execution_html(execution: AlgorithmExecution) -> str:
    """Return a run of an algorithm as HTML: how it went and what it found."""
    facts = [
        ("wrote", execution.result_property),
        ("nodes updated", execution.nodes_updated),
        ("edges updated", execution.edges_updated),
        ("label", execution.node_label),
        ("type", execution.edge_type),
        ("parameters", execution.parameters or None),
        ("milliseconds", execution.duration_ms),
        ("error", execution.error_message),
        *((execution.result or {}).items()),
    ]
    return _block(_card(execution.algorithm_name, execution.algorithm_type, execution.status, facts))


def schema_text(schema: Schema) -> str:
    """Return what a graph holds as a text table."""
    return f"{text_table(*_schema_table(schema))}\n{_schema_summary(schema)}"


def schema_html(schema: Schema) -> str:
    """Return what a graph holds as HTML."""
    return _block(_table(*_schema_table(schema)), _note(_schema_summary(schema)))


def mapping_html(mapping: Mapping) -> str:
    """Return a mapping as HTML: its facts, its node and edge definitions."""
    parts = [
        _card(
            f"Mapping {mapping.id}",
            mapping.name,
            None,
            [
                ("version", mapping.current_version),
                ("owner", mapping.owner_username),
                ("description", mapping.description),
                ("bad rows", mapping.on_bad_rows),
                ("snapshots", mapping.snapshot_count),
                ("instances", mapping.instance_count),
                ("created", mapping.created_at),
                ("expires", mapping.expires_at),
            ],
        )
    ]
    if mapping.node_definitions:
        rows = [(node.label, node.primary_key.name, _names(node.properties)) for node in mapping.node_definitions]
        parts.append(_table(["label", "key", "properties"], rows))
    if mapping.edge_definitions:
        edges = [
            (edge.type, f"{edge.from_node} → {edge.to_node}", _names(edge.properties))
            for edge in mapping.edge_definitions
        ]
        parts.append(_table(["type", "from → to", "properties"], edges))
    return _block(*parts)


def snapshot_html(snapshot: Snapshot) -> str:
    """Return a snapshot as HTML: its facts and its row counts."""
    counts = {**(snapshot.node_counts or {}), **(snapshot.edge_counts or {})}
    card = _card(
        f"Snapshot {snapshot.id}",
        snapshot.name,
        snapshot.status,
        [
            ("mapping", f"{snapshot.mapping_id}, version {snapshot.mapping_version}"),
            ("owner", snapshot.owner_username),
            ("error", snapshot.error_message),
            ("bytes", None if snapshot.size_bytes is None else f"{snapshot.size_bytes:,}"),
            ("created", snapshot.created_at),
            ("expires", snapshot.expires_at),
        ],
    )
    return _block(card, _table(["label or type", "rows"], counts.items()) if counts else "")


def instance_html(instance: Instance) -> str:
    """Return an instance as HTML."""
    card = _card(
        f"Instance {instance.id}",
        instance.name,
        instance.status,
        [
            ("mapping", f"{instance.mapping_id}, version {instance.mapping_version}"),
            ("snapshot", instance.snapshot_id),
            ("owner", instance.owner_username),
            ("engine", instance.wrapper_type),
            ("cpu cores", instance.cpu_cores),
            ("error", instance.error_message),
            ("created", instance.created_at),
            ("expires", instance.expires_at),
        ],
    )
    return _block(card)


def load_report_rows(report: Union[LoadReport, DryRun]) -> List[Dict[str, Any]]:
    """Return one row a definition and rejection reason; a definition without rejected rows has one row."""
    rows = []
    for definition in report.definitions:
        base = {
            "name": definition.name,
            "type": definition.type,
            "rows_read": definition.rows_read,
            "rows_loaded": definition.rows_loaded,
            "rows_rejected": definition.rows_rejected,
        }
        if not definition.rejected:
            rows.append({**base, "reason": None, "reason_rows": 0, "column": None, "sample_keys": None})
        for rejected in definition.rejected:
            rows.append(
                {
                    **base,
                    "reason": rejected.reason,
                    "reason_rows": rejected.rows,
                    "column": rejected.column,
                    "sample_keys": ", ".join(map(str, rejected.sample_keys)) or None,
                }
            )
    return rows


def load_report_text(report: LoadReport) -> str:
    """Return a load report as a text table with one sentence above it."""
    columns, rows = _load_report_table(report)
    return f"{_load_report_summary(report)}\n{text_table(columns, rows)}"


def load_report_html(report: LoadReport) -> str:
    """Return a load report as HTML."""
    columns, rows = _load_report_table(report)
    kind = "warning" if report.rows_rejected else "success"
    alert = f'<div class="go-alert go-alert-{kind}">{escape(_load_report_summary(report))}</div>'
    return _block(alert, _table(columns, rows))


def dry_run_text(report: DryRun) -> str:
    """Return a dry run as a text table under its problems."""
    columns, rows = _load_report_table(report)
    return "\n".join([_dry_run_summary(report), *report.problems, text_table(columns, rows)])


def dry_run_html(report: DryRun) -> str:
    """Return a dry run as HTML."""
    columns, rows = _load_report_table(report)
    kind = "success" if report.valid else "warning"
    lines = "<br>".join(map(escape, [_dry_run_summary(report), *report.problems]))
    return _block(f'<div class="go-alert go-alert-{kind}">{lines}</div>', _table(columns, rows))


def diff_html(diff: MappingDiff) -> str:
    """Return a mapping diff as HTML."""
    from graph_olap.utils.diff import render_diff

    # Not shortened like a cell: the text is the content.
    return _block(f"<pre>{html.escape(render_diff(diff))}</pre>")


def page_html(page: Page[Any]) -> str:
    """Return one page of a list as HTML."""
    items = [item.model_dump() for item in page]
    named = bool(items) and {"id", "name"} <= set(items[0])
    first = page.offset + 1 if items else 0
    note = f"{first} to {page.offset + len(items)} of {page.total}"
    return _rows_html(items, [name for name in _PAGE_FIELDS if name in items[0]] if named else None, note)


def records_html(records: Sequence[Dict[str, Any]], columns: Optional[Sequence[str]]) -> str:
    """Return dictionaries as an HTML table of these columns, of all plain ones by default."""
    shown = records[:_MOST_RECORDS]
    note = f"{len(records):,} rows" if len(shown) == len(records) else f"{len(shown):,} of {len(records):,} rows"
    return _rows_html(shown, columns, note)


def records_text(records: Sequence[Dict[str, Any]], columns: Optional[Sequence[str]]) -> str:
    """Return dictionaries as a text table."""
    columns = columns or _plain_columns(records)
    return text_table(columns, [[_plain(item.get(name)) for name in columns] for item in records])


def proposal_html(proposal: MappingProposal) -> str:
    """Return a proposed mapping as HTML: each definition with its evidence, and what was left out."""
    evidence: Dict[str, List[str]] = {}
    for found in proposal.evidence:
        evidence.setdefault(found.definition, []).append(str(found).partition(": ")[2])
    reasons = {name: "; ".join(texts) for name, texts in evidence.items()}
    nodes = [
        (node.label, node.primary_key.name, _names(node.properties), reasons.get(node.label, ""))
        for node in proposal.node_definitions
    ]
    edges = [
        (edge.type, f"{edge.from_node} → {edge.to_node}", _names(edge.properties), reasons.get(edge.type, ""))
        for edge in proposal.edge_definitions
    ]
    lines = str(proposal).splitlines()
    parts = [
        f'<div class="go-title">{escape(lines[0])}</div>',
        _table(["label", "key", "properties", "evidence"], nodes),
    ]
    if edges:
        parts.append(_table(["type", "from → to", "properties", "evidence"], edges))
    if proposal.left_out:
        rest = [(item.table, item.column or "", item.reason) for item in proposal.left_out]
        parts.append(_table(["left out", "column", "reason"], rest))
    if not proposal.complete:
        parts.append(f'<div class="go-alert go-alert-warning">{escape(lines[-1])}</div>')
    return _block(*parts)


def _rows_html(items: Sequence[Dict[str, Any]], columns: Optional[Sequence[str]], note: str) -> str:
    columns = columns or _plain_columns(items)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = ("".join(_badge_cell(name, item.get(name)) for name in columns) for item in items)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    table = f'<table class="go-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return _block(table, _note(note))


def _badge_cell(name: str, value: Any) -> str:
    return f"<td>{_badge(value)}</td>" if name == "status" and value is not None else _td(_plain(value))


def _plain_columns(items: Sequence[Dict[str, Any]]) -> List[str]:
    return [name for name, value in items[0].items() if not isinstance(value, (dict, list))] if items else []


def _dry_run_summary(report: DryRun) -> str:
    size = "" if report.estimated_bytes is None else f", about {report.estimated_bytes / 1e6:,.1f} MB"
    state = "A snapshot would succeed" if report.valid else "A snapshot would fail"
    return (
        f"{state}: {report.estimated_nodes:,} nodes and {report.estimated_edges:,} edges{size}, "
        f"loaded in about {report.estimated_load_seconds:g} s."
    )


def _load_report_table(report: Union[LoadReport, DryRun]) -> Tuple[List[str], List[List[Any]]]:
    columns = ["definition", "kind", "rows read", "loaded", "rejected", "reason", "sample keys"]
    rows = []
    for row in load_report_rows(report):
        reason = f"{row['reason']}{_of_column(row['column'])}: {row['reason_rows']:,}" if row["reason"] else ""
        facts = [row[name] for name in ("name", "type", "rows_read", "rows_loaded", "rows_rejected")]
        rows.append([*facts, reason, row["sample_keys"] or ""])
    return columns, rows


def _load_report_summary(report: LoadReport) -> str:
    read = sum(definition.rows_read for definition in report.definitions)
    if not report.rows_rejected:
        return f"Load report of snapshot {report.snapshot_id}: all {read:,} rows were loaded."
    return (
        f"Load report of snapshot {report.snapshot_id}: {read - report.rows_rejected:,} of {read:,} rows were loaded, "
        f"{report.rows_rejected:,} rejected (on_bad_rows is {report.on_bad_rows!r})."
    )


def _schema_table(schema: Schema) -> Tuple[List[str], List[List[Any]]]:
    tables = schema.tables
    nodes = [[f"(:{t.label})", t.node_count, _types(t.properties, t.primary_key)] for t in tables.node_tables]
    edges = [
        [f"(:{t.from_node})-[:{t.type}]->(:{t.to_node})", t.edge_count, _types(t.properties)]
        for t in tables.edge_tables
    ]
    return ["pattern", "count", "properties"], nodes + edges


def _schema_summary(schema: Schema) -> str:
    return f"{schema.node_count:,} nodes, {schema.relationship_count:,} relationships"


def _types(properties: Dict[str, str], key: Optional[str] = None) -> str:
    return ", ".join(f"{name} {kind}{' (key)' if name == key else ''}" for name, kind in properties.items())


def _of_column(column: Optional[str]) -> str:
    return f" ({column})" if column else ""


def _names(properties: Sequence[Any]) -> str:
    return ", ".join(f"{item.name} {item.type}" for item in properties)


def _result_footer(result: QueryResult, shown: int) -> str:
    count = f"{result.row_count:,} row{'' if result.row_count == 1 else 's'}"
    parts = [count if shown == result.row_count else f"{shown:,} of {count}", f"{result.execution_time_ms} ms"]
    if result.truncated:
        parts.append("cut by max_rows")
    return ", ".join([*parts, *result.warnings])


def _card(title: str, name: str, status: Optional[str], facts: Iterable[Tuple[str, Any]]) -> str:
    badge = "" if status is None else f" {_badge(status)}"
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{_fact(value)}</td></tr>" for key, value in facts if value is not None
    )
    head = f'<div class="go-title"><strong>{escape(title)}</strong> {escape(name)}{badge}</div>'
    return f'<div class="go-card">{head}<table class="go-facts"><tbody>{rows}</tbody></table></div>'


def _badge(status: Any) -> str:
    return f'<span class="go-badge go-badge-{_BADGES.get(status, "neutral")}">{escape(status)}</span>'


def _fact(value: Any) -> str:
    """Return a value of a card: lists of objects as tables, dictionaries as pairs, anything else as text."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        shown = value[:_MOST_INNER_ROWS]
        columns = list(dict.fromkeys(name for item in shown for name in item))
        rest = len(value) - len(shown)
        table = _table(columns, [[_plain(item.get(name)) for name in columns] for item in shown])
        return table + (_note(f"and {rest:,} more") if rest else "")
    return escape(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"{value.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(item)}" for name, item in value.items())
    if isinstance(value, list) and len(value) > _MOST_INNER_ROWS:
        return f"{', '.join(str(_plain(item)) for item in value[:5])}, … {len(value) - 5:,} more"
    if isinstance(value, list):
        return ", ".join(str(_plain(item)) for item in value)
    return value


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(_td(value) for value in row)}</tr>" for row in rows)
    return f'<table class="go-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _td(value: Any) -> str:
    if value is None:
        return '<td class="go-null">null</td>'
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f'<td class="go-number">{escape(value)}</td>' if number else f"<td>{escape(value)}</td>"


def _note(text: str) -> str:
    return f'<div class="go-note">{escape(text)}</div>'


def _block(*parts: str) -> str:
    return f'<div class="graph-olap">{"".join(parts)}</div>'


def _cell(value: Any, widest: int) -> str:
    text = "" if value is None else " ".join(value_text(value).split())
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _is_number(text: str) -> bool:
    return not text or text.lstrip("-").replace(".", "", 1).isdigit()
