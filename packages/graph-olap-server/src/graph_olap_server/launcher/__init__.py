"""Launcher port and adapters."""
