"""Python SDK of Graph OLAP."""
