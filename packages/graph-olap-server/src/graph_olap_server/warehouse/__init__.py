"""Warehouse port and adapters."""
