"""Background work: supervisor and jobs."""
