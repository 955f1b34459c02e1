"""The conformance suite: an engine and an oracle that shares nothing with it answer random queries."""
