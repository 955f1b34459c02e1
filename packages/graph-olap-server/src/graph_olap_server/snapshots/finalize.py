"""From exported files to a finished snapshot: judge every row, leave out bad ones, report, write the manifest.

The steps are ordered so that a crash at any point is repaired by calling again: judging changes nothing, clean files
are moved, dirty ones are rewritten beside their originals, the manifest comes last, and only then the originals go.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from graph_olap.models import EdgeDefinition, LoadReport, NodeDefinition
from graph_olap.models.mapping import OnBadRows
from graph_olap.models.types import parse_type

from graph_olap_server import faults
from graph_olap_server.domain.definitions import bad_rows_fail
from graph_olap_server.snapshots.manifest import MANIFEST_NAME, EntityFile, SnapshotManifest
from graph_olap_server.snapshots.quality import Judge, Judged
from graph_olap_server.snapshots.store import ATTEMPTS_FOLDER, EntityKind
from graph_olap_server.snapshots.writer import sync_folder, write_parquet
from graph_olap_server.warehouse.types import declared_type

__all__ = ["BadRowsError", "finalize_snapshot"]

_Definition = TypeVar("_Definition", NodeDefinition, EdgeDefinition)

_BATCH_ROWS = 65_536
_REASONS = {
    "null_key": "a null key",
    "duplicate_key": "a duplicate key",
    "dangling_from": "a start that does not exist",
    "dangling_to": "an end that does not exist",
}


class BadRowsError(Exception):
    """The data has rows that the mapping's ``on_bad_rows`` does not allow.

    Attributes:
        message: Definition, count, reason, sample keys and the next step.
        load_report: Everything found, over all definitions.
    """

    def __init__(self, message: str, load_report: LoadReport) -> None:
        super().__init__(message)
        self.message = message
        self.load_report = load_report


def finalize_snapshot(
    folder: Path,
    *,
    snapshot_id: int,
    mapping_id: int,
    mapping_version: int,
    node_definitions: Sequence[NodeDefinition],
    edge_definitions: Sequence[EdgeDefinition],
    on_bad_rows: OnBadRows,
    exported: Mapping[tuple[EntityKind, str], Path],
) -> SnapshotManifest:
    """Turn the exported files into a snapshot that an instance can load, and return its manifest.

    Args:
        folder: The snapshot's folder.
        snapshot_id: Id of the snapshot, for manifest and report.
        mapping_id: Id of its mapping.
        mapping_version: Version of the mapping.
        node_definitions: All node definitions; bare LIST, MAP and STRUCT get the element types of the files.
        edge_definitions: All edge definitions.
        on_bad_rows: ``strict``, ``report`` or ``skip``.
        exported: File of each definition, by kind and name, within ``folder``.

    Raises:
        BadRowsError: There are rows that ``on_bad_rows`` does not allow; nothing has been changed.
    """
    if (folder / MANIFEST_NAME).exists():
        manifest = SnapshotManifest.read(folder)
        _remove_originals(folder, exported)
        return manifest
    targets = {key: folder / f"{key[0]}s" / f"{key[1]}.parquet" for key in exported}
    # A file that an earlier, interrupted call has moved is clean; it is judged again where it is now.
    sources = {key: path if path.exists() else targets[key] for key, path in exported.items()}
    with Judge(folder, sources) as judge:
        judged = [*map(judge.node, node_definitions), *map(judge.edge, edge_definitions)]
        report = LoadReport(
            snapshot_id=snapshot_id, on_bad_rows=on_bad_rows, definitions=[item.report for item in judged]
        )
        _refuse(judged, on_bad_rows, report)
        files = [_materialize(judge, item, sources[item.key], targets[item.key], folder) for item in judged]
    schemas = {file.name: pq.read_schema(folder / file.path) for file in files}
    manifest = SnapshotManifest(
        snapshot_id=snapshot_id,
        mapping_id=mapping_id,
        mapping_version=mapping_version,
        node_definitions=[_with_element_types(node, schemas[node.label]) for node in node_definitions],
        edge_definitions=[_with_element_types(edge, schemas[edge.type]) for edge in edge_definitions],
        files=files,
        load_report=report,
    )
    faults.point("finalize", "before_manifest")
    _write_manifest(folder, manifest)
    faults.point("finalize", "manifest_written")
    _remove_originals(folder, exported)
    return manifest


def _refuse(judged: Sequence[Judged], on_bad_rows: OnBadRows, report: LoadReport) -> None:
    fatal = [item for item in judged if item.rejected_rows and bad_rows_fail(on_bad_rows, item.key[0])]
    if not fatal:
        return
    problems = [_describe(item) for item in fatal[:3]]
    if len(fatal) > 3:
        problems.append(f"{len(fatal) - 3} more definitions have bad rows, see the load report.")
    allowed = "on_bad_rows='skip'" if any(item.key[0] == "node" for item in fatal) else "on_bad_rows='report'"
    raise BadRowsError(f"{' '.join(problems)} Fix the SQL or create the mapping with {allowed}.", report)


def _describe(item: Judged) -> str:
    parts = []
    for rejected in item.report.rejected:
        rows = "1 row" if rejected.rows == 1 else f"{rejected.rows:,} rows"
        column = f" in {rejected.column}" if rejected.column else ""
        samples = ", ".join(map(repr, rejected.sample_keys[:3]))
        parts.append(
            f"{rows} with {_REASONS[rejected.reason]}{column}" + (f" (for example {samples})" if samples else "")
        )
    return f"{item.key[0].capitalize()} {item.key[1]} has {' and '.join(parts)}."


def _materialize(judge: Judge, item: Judged, source: Path, target: Path, folder: Path) -> EntityFile:
    target.parent.mkdir(exist_ok=True)
    if item.rejected_rows:
        bad = judge.bad_rows(item)
        with pq.ParquetFile(source) as file:
            write_parquet(file.schema_arrow, _without(file, bad), target)
    elif source != target:
        source.replace(target)
        sync_folder(target.parent)
    faults.point("finalize", "file_done")
    return EntityFile(
        kind=item.key[0],
        name=item.key[1],
        path=str(target.relative_to(folder)),
        rows=item.report.rows_loaded,
        size_bytes=target.stat().st_size,
    )


def _without(file: pq.ParquetFile, bad_rows: np.ndarray) -> Iterator[pa.RecordBatch]:
    """Yield the file's batches in order without the rows of these numbers (sorted, from 0)."""
    first = 0
    for batch in file.iter_batches(_BATCH_ROWS):
        low, high = np.searchsorted(bad_rows, (first, first + batch.num_rows))
        if low < high:
            keep = np.ones(batch.num_rows, dtype=bool)
            keep[bad_rows[low:high] - first] = False
            yield batch.filter(pa.array(keep))
        else:
            yield batch
        first += batch.num_rows


def _with_element_types(definition: _Definition, schema: pa.Schema) -> _Definition:
    properties = [
        item.model_copy(update={"type": str(found)})
        if parse_type(item.type).is_bare and (found := declared_type(schema.field(item.name))) is not None
        else item
        for item in definition.properties
    ]
    return definition.model_copy(update={"properties": properties})


def _write_manifest(folder: Path, manifest: SnapshotManifest) -> None:
    temporary = folder / f".{MANIFEST_NAME}.partial"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(manifest.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    faults.point("finalize", "manifest_renaming")
    temporary.replace(folder / MANIFEST_NAME)
    sync_folder(folder)


def _remove_originals(folder: Path, exported: Mapping[tuple[EntityKind, str], Path]) -> None:
    for path in exported.values():
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / ATTEMPTS_FOLDER, ignore_errors=True)
