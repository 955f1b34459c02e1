"""Algorithm executions and descriptions."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from pydantic import Field

from graph_olap.models.common import Timestamp, WireModel

__all__ = ["AlgorithmExecution", "AlgorithmInfo", "AlgorithmParameter"]


class AlgorithmExecution(WireModel):
    """One run of an algorithm: what was asked, how far it is, what it found."""

    execution_id: str
    algorithm_name: str
    algorithm: str
    algorithm_type: str
    status: str
    started_at: Timestamp
    completed_at: Optional[Timestamp] = None
    result_property: Optional[str] = None
    node_label: Optional[str] = None
    edge_type: Optional[str] = None
    nodes_updated: Optional[int] = None
    edges_updated: Optional[int] = None
    elapsed_ms: Optional[int] = None
    duration_ms: Optional[int] = None
    error_code: Optional[str] = None
    error_message: Optional[str] = None
    result: Optional[Dict[str, Any]] = None
    user_name: Optional[str] = None
    parameters: Dict[str, Any] = Field(default_factory=dict)
    phase: Optional[str] = None
    progress_percent: Optional[int] = None

    def _repr_html_(self) -> str:
        from graph_olap.display import execution_html

        return execution_html(self)


class AlgorithmParameter(WireModel):
    """One parameter of an algorithm."""

    name: str
    type: str
    required: bool = False
    default: Any = None
    description: str = ""


class AlgorithmInfo(WireModel):
    """What an algorithm does, takes and returns."""

    name: str
    display_name: Optional[str] = None
    type: str
    category: str
    description: str
    long_description: str = ""
    parameters: List[AlgorithmParameter] = Field(default_factory=list)
    returns: str = ""
    result_kind: str = ""
    supports_write_back: bool = True
    default_timeout_ms: int = 1_800_000
    directed: str = "both"
    weighted: bool = False
    aliases: List[str] = Field(default_factory=list)
    complexity: Optional[str] = None
    deterministic: Optional[bool] = None
    backend: Optional[str] = None
