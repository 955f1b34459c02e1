"""Arrays in anonymous memory that a worker maps instead of copying."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SharedArray"]


class SharedArray:
    """A read-only array behind a file descriptor; the memory is free when the last process closed it."""

    def __init__(self, source: NDArray[Any]) -> None:
        self.dtype = source.dtype
        self.length = len(source)
        self.fd = _anonymous_file()
        # Written, not mapped and filled, which would fault once per page: half of the time and less.
        left = np.ascontiguousarray(source).view(np.uint8).data
        while left:
            left = left[os.write(self.fd, left) :]

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


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("graph-olap", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
