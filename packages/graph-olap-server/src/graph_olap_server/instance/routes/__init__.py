"""The HTTP routes of an instance, thin: read the request, check access, call a service, write the reply."""

from graph_olap_server.instance.routes import algorithms, graph, health, networkx, projections, queries

__all__ = ["ROUTES"]

ROUTES = [
    *queries.ROUTES,
    *health.ROUTES,
    *graph.ROUTES,
    *projections.ROUTES,
    *algorithms.ROUTES,
    *networkx.ROUTES,
]
"""All routes, in the order in which they are tried."""
