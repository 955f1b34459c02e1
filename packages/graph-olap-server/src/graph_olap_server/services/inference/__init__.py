"""Proposing a mapping from a schema: keys, references between tables, and the definitions made of them."""

from graph_olap_server.services.inference.propose import infer_mapping

__all__ = ["infer_mapping"]
