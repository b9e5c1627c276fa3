"""Compiled loops, for kernels that no array library has.

Numba compiles a kernel when it is first called and keeps the machine code beside the source, or in the user's cache.
Modules with kernels are called ``_…_kernels`` and imported inside the functions that use them, so that nothing else
waits for the compiler.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function of arrays and numbers: IEEE arithmetic in the order as written, no threads.

    Within a kernel, other kernels may be called.
    """
    return _compile(function, fastmath=False)


def fast_kernel(function: F) -> F:
    """Compile like `kernel`, but let sums be reordered: the same digits for the same arguments, not as written."""
    return _compile(function, fastmath={"reassoc", "contract", "nsz"})


def _compile(function: F, fastmath: bool | set[str]) -> F:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        compiled: Any = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep the machine code in
        compiled = numba.njit(**options)(function)
    # Kept code is known by its own file alone, but has the code of other files' kernels in it.
    with suppress(AttributeError):
        index = compiled._cache._cache_file
        index._source_stamp = (index._source_stamp, _digest())
    result: F = compiled
    return result


@cache
def _digest() -> str:
    """Digest of all kernels' sources."""
    content = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*_kernels.py")):
        content.update(file.read_bytes())
    return content.hexdigest()
