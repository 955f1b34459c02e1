"""Arrays in anonymous memory that a worker, or the server, maps instead of copying."""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SharedArray", "map_array", "receive_parts", "send_in_parts"]

_LARGE = 1 << 18
"""Bytes from which on an array is worth a mapping of its own."""


class SharedArray:
    """A read-only array behind a file descriptor; the memory is free when the last process closed it."""

    def __init__(self, source: NDArray[Any]) -> None:
        self.dtype = source.dtype
        self.length = len(source)
        self.fd = _anonymous_file()
        _write(self.fd, np.ascontiguousarray(source).view(np.uint8).data)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.length * self.dtype.itemsize

    def open(self) -> NDArray[Any]:
        """Map the array; the mapping outlives :meth:`close`."""
        return map_array(self.fd, self.dtype, self.length)

    def close(self) -> None:
        """Give up this process's descriptor; may be called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __del__(self) -> None:
        self.close()


def map_array(fd: int, dtype: np.dtype[Any], length: int) -> NDArray[Any]:
    """Map an array of another process, given its descriptor."""
    if not length:
        return np.empty(0, dtype)
    memory = mmap.mmap(fd, length * dtype.itemsize, prot=mmap.PROT_READ)
    return np.frombuffer(memory, dtype=dtype)


def send_in_parts(connection: Connection[Any, Any], kind: str, value: Any, receiver: int) -> None:
    """Send ``(kind, (value without its large arrays, their sizes))``, and then each of these to be mapped."""
    large: list[memoryview] = []

    def within(buffer: pickle.PickleBuffer) -> bool:
        with buffer.raw() as raw:
            if raw.nbytes < _LARGE:
                return True
        large.append(buffer.raw())
        return False

    rest = pickle.dumps(value, 5, buffer_callback=within)
    connection.send((kind, (rest, [len(raw) for raw in large])))
    for raw in large:
        file = _anonymous_file()
        try:
            _write(file, raw)
            send_handle(connection, file, receiver)
        finally:
            os.close(file)


def receive_parts(connection: Connection[Any, Any], rest: bytes, sizes: list[int]) -> Any:
    """Return a value that was sent in parts; its arrays may be written to, which nobody else sees."""
    parts = []
    for size in sizes:
        file = recv_handle(connection)
        try:
            parts.append(mmap.mmap(file, size, access=mmap.ACCESS_COPY))
        finally:
            os.close(file)
    return pickle.loads(rest, buffers=parts)


def _write(file: int, data: memoryview) -> None:
    # Written, not mapped and filled, which would fault once per page: half of the time and less.
    while data:
        data = data[os.write(file, data) :]


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("graph-olap", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
