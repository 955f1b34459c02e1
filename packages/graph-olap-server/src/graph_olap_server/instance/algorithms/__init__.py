"""Graph algorithms over projections of the engine's graph."""
