"""The instance server: one process, one graph, one owner."""
