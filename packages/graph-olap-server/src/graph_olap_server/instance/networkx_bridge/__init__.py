"""Any NetworkX algorithm on the instance's graph, run in a worker process."""
