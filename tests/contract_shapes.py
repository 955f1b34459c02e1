"""Every model that the control plane sends: its keys, their types, and where null is possible.

Written from the HTTP contract and on purpose not from the SDK's models, which the server shares: a slip there would
show on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

__all__ = ["MODELS", "assert_shape"]

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
_DURATION = re.compile(r"P(\d+W|(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)")

_KINDS: dict[str, Callable[[Any], bool]] = {
    "int": lambda value: type(value) is int,
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "dict": lambda value: isinstance(value, dict),
    "ts": lambda value: isinstance(value, str) and _TIMESTAMP.fullmatch(value) is not None,
    "dur": lambda value: isinstance(value, str) and _DURATION.fullmatch(value) is not None,
}

_MAPPING_SUMMARY = """
    id owner_username:str name:str description:str? current_version created_at:ts updated_at:ts ttl:dur?
    inactivity_timeout:dur? expires_at:ts? snapshot_count instance_count node_count edge_type_count data_source_id:int?
    on_bad_rows:str
"""
_MAPPING_VERSION = """
    mapping_id version change_description:str? node_definitions:list edge_definitions:list created_at:ts created_by:str
    on_bad_rows:str
"""
_PROGRESS = """
    id status:str phase:str started_at:ts? steps:list current_step:str? progress_percent completed_steps total_steps
    estimated_remaining_seconds:int? error_message:str?
"""
_SNAPSHOT_PROGRESS = (
    _PROGRESS
    + "jobs_total jobs_pending jobs_claimed jobs_submitted jobs_completed jobs_failed"  # jobs: not in Snapshot
)

MODELS = {
    "Mapping": _MAPPING_SUMMARY
    + """node_definitions:list edge_definitions:list change_description:str? version_created_at:ts
    version_created_by:str version:dict""",
    "MappingSummary": _MAPPING_SUMMARY,
    "MappingVersion": _MAPPING_VERSION,
    "MappingDiff": "mapping_id from_version to_version summary:dict changes:dict",
    "DiffSummary": "nodes_added nodes_removed nodes_modified edges_added edges_removed edges_modified",
    "MappingTree": "id name:str owner_username:str current_version versions:list totals:dict",
    "TreeVersion": "version change_description:str? created_at:ts created_by:str snapshot_count snapshots:list",
    "TreeSnapshot": "id name:str status:str created_at:ts implicit:bool instance_count instances:list",
    "TreeInstance": "id name:str status:str",
    "TreeTotals": "version_count snapshot_count instance_count",
    "NodeDefinition": "label:str sql:str primary_key:dict properties:list",
    "EdgeDefinition": "type:str from_node:str to_node:str sql:str from_key:str to_key:str properties:list",
    "Property": "name:str type:str",
    "Snapshot": """id mapping_id mapping_version mapping_name:str owner_username:str name:str description:str?
    gcs_path:str status:str size_bytes:int? node_counts:dict? edge_counts:dict? progress:dict? error_message:str?
    created_at:ts updated_at:ts ready_at:ts? expires_at:ts? last_used_at:ts? ttl:dur? inactivity_timeout:dur?
    instance_count implicit:bool""",
    "SnapshotProgress": _SNAPSHOT_PROGRESS + " jobs:list",
    "SnapshotProgressInside": _SNAPSHOT_PROGRESS,
    "SnapshotStep": """name:str type:str status:str row_count:int? size_bytes:int? attempts error_message:str?
    started_at:ts? completed_at:ts?""",
    "SnapshotJob": "name:str type:str status:str row_count:int?",
    "LoadReport": "snapshot_id on_bad_rows:str definitions:list",
    "LoadReportPart": "name:str type:str rows_read rows_loaded rows_rejected rejected:list",
    "RejectedRows": "reason:str rows column:str? sample_keys:list",
    "Instance": """id mapping_id mapping_version snapshot_id snapshot_name:str? owner_username:str wrapper_type:str
    name:str description:str? status:str instance_url:str? explorer_url:str? pod_name:str? progress:dict?
    error_code:str? error_message:str? stack_trace:str? created_at:ts updated_at:ts started_at:ts?
    last_activity_at:ts? expires_at:ts? ttl:dur? inactivity_timeout:dur? memory_usage_bytes:int?
    disk_usage_bytes:int? cpu_cores:int? memory_gb:int?""",
    "InstanceProgress": _PROGRESS,
    "InstanceStep": "name:str status:str type:str row_count:int? started_at:ts? completed_at:ts?",
    "InstanceEvent": "id event_type:str details:dict created_at:ts",
    "InstanceSlots": "active_instances per_user_limit available_slots",
    "Favorite": """resource_type:str resource_id resource_name:str resource_owner:str? created_at:ts
    resource_exists:bool""",
    "Catalog": "catalog_name:str schema_count cached_at:ts?",
    "CatalogSchema": "catalog_name:str schema_name:str table_count cached_at:ts?",
    "CatalogTable": """catalog_name:str schema_name:str table_name:str table_type:str column_count
    cached_at:ts?""",
    "CatalogColumn": """catalog_name:str schema_name:str table_name:str column_name:str data_type:str
    is_nullable:bool ordinal_position column_default:str? cached_at:ts?""",
    "CacheStats": "total_catalogs total_schemas total_tables total_columns last_refresh:ts? index_size_bytes",
    "LifecycleConfig": "mapping:dict snapshot:dict instance:dict",
    "LifecycleRule": "default_ttl:dur? default_inactivity:dur? max_ttl:dur?",
    "LifecycleUpdate": "updated:bool updated_at:ts lifecycle:dict",
    "ConcurrencyConfig": "per_analyst cluster_total updated_at:ts? updated_by:str?",
    "MaintenanceMode": "enabled:bool message:str updated_at:ts? updated_by:str?",
    "ExportConfig": "max_duration_seconds updated_at:ts? updated_by:str?",
    "ClusterHealth": "status:str checked_at:ts components:dict",
    "Component": "status:str latency_ms:int? error:str?",
    "ClusterInstances": "total by_status:dict by_owner:list limits:dict",
    "OwnerCount": "owner_username:str count",
    "ClusterLimits": "per_analyst cluster_total cluster_used cluster_available",
    "JobStatus": """name:str schedule:str interval_seconds next_run:ts? running:bool last_started_at:ts?
    last_success_at:ts? last_failure_at:ts? last_duration_ms:int? consecutive_failures last_error:str?
    health_status:str""",
    "JobTrigger": "job_name:str status:str triggered_at:ts triggered_by:str reason:str",
    "SystemState": "instances:dict snapshots:dict export_jobs:dict",
    "ExportJob": """id snapshot_id entity_type:str entity_name:str status:str attempts poll_count claimed_by:str?
    claimed_at:ts? submitted_at:ts? completed_at:ts? created_at:ts updated_at:ts row_count:int? size_bytes:int?
    error_message:str?""",
    "BulkDeleteResult": """dry_run:bool matched_count matched_ids:list deleted_count deleted_ids:list failed_ids:list
    failed_count errors:dict""",
    "User": """username:str email:str display_name:str role:str is_active:bool created_at:ts updated_at:ts
    last_login_at:ts? role_changed_at:ts? role_changed_by:str?""",
    "Health": "status:str version:str database:str",
}
"""Keys of each model; ``:type`` follows where it is no ``int``, and ``?`` where null is possible."""


def assert_shape(model: str, value: Any, where: str = "") -> None:
    """Fail unless a value has exactly the keys of a model, each of its type."""
    expected = {key.partition(":")[0]: key.partition(":")[2] or "int" for key in MODELS[model].split()}
    assert isinstance(value, dict), f"{where}: {model} is {value!r}"
    assert value.keys() == expected.keys(), f"{where}: {model} differs in {sorted(value.keys() ^ expected.keys())}"
    for key, kind in expected.items():
        if kind.endswith("?") and value[key] is None:
            continue
        assert _KINDS[kind.rstrip("?")](value[key]), f"{where}: {model}.{key} is {value[key]!r}, expected {kind}"
