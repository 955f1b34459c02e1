"""One TLS context for all clients of a process: reading the certificate store takes longer than a request."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Optional

import httpx

__all__ = ["shared_tls"]


def shared_tls() -> ssl.SSLContext:
    """Return the context that httpx makes by default; another one when the variables that name certificates change.

    Example:
        >>> shared_tls() is shared_tls()
        True
    """
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _context(_file: Optional[str], _folder: Optional[str]) -> ssl.SSLContext:
    return httpx.create_ssl_context()
