"""The demo's mapping: airports, planes and airlines, and how flights connect them."""

from __future__ import annotations

from graph_olap.models import EdgeDefinition, NodeDefinition, PrimaryKey, PropertyDefinition

__all__ = ["EDGES", "NODES"]


def _properties(**types: str) -> list[PropertyDefinition]:
    return [PropertyDefinition(name=name, type=type_name) for name, type_name in types.items()]


NODES = [
    NodeDefinition(
        label="Airport",
        sql="SELECT faa, name, lat, lon, alt, tzone FROM airports",
        primary_key=PrimaryKey(name="faa", type="STRING"),
        properties=_properties(name="STRING", lat="DOUBLE", lon="DOUBLE", alt="INT32", tzone="STRING"),
    ),
    NodeDefinition(
        label="Plane",
        sql="SELECT tailnum, year AS built, manufacturer, model, seats FROM planes",
        primary_key=PrimaryKey(name="tailnum", type="STRING"),
        properties=_properties(built="INT32", manufacturer="STRING", model="STRING", seats="INT32"),
    ),
    NodeDefinition(
        label="Airline",
        sql="SELECT carrier, name FROM airlines",
        primary_key=PrimaryKey(name="carrier", type="STRING"),
        properties=_properties(name="STRING"),
    ),
]

EDGES = [
    EdgeDefinition(
        type="FLIGHT",
        from_node="Airport",
        to_node="Airport",
        sql=(
            "SELECT origin, dest, carrier, flight, dep_delay, arr_delay, distance, time_hour AS departed FROM flights"
        ),
        from_key="origin",
        to_key="dest",
        properties=_properties(
            carrier="STRING",
            flight="INT32",
            dep_delay="INT32",
            arr_delay="INT32",
            distance="INT32",
            departed="TIMESTAMP_TZ",
        ),
    ),
    EdgeDefinition(
        type="FLEW",
        from_node="Plane",
        to_node="Airport",
        sql="SELECT tailnum, dest, count(*) AS flights FROM flights GROUP BY tailnum, dest",
        from_key="tailnum",
        to_key="dest",
        properties=_properties(flights="INT64"),
    ),
    EdgeDefinition(
        type="OPERATED_BY",
        from_node="Plane",
        to_node="Airline",
        sql="SELECT DISTINCT tailnum, carrier FROM flights",
        from_key="tailnum",
        to_key="carrier",
    ),
]
