"""How kernels are compiled, and where the result is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import sys
from typing import Any


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Let a package that is not loaded yet seem not installed."""
    loaded = package in sys.modules
    if not loaded:
        sys.modules[package] = None
    try:
        yield
    finally:
        if not loaded:
            del sys.modules[package]


# numba looks for linear algebra, which no kernel needs: loading it is a fifth of a node's start.
# Whoever compiles a numpy.dot of their own gets it then.
with _hidden('scipy'):
    from numba import njit, types
    from numba.extending import overload
    from numba.np import arraymath  # noqa: F401 (this part looks for it)
    from numba.np.unsafe.ndarray import to_fixed_tuple

__all__ = ['compiled', 'overload', 'to_fixed_tuple', 'types']


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """
    Compile a function by numba, and keep the result on disk where a folder can be written.

    The folder is ``__pycache__`` beside the source, ``NUMBA_CACHE_DIR`` or the user's cache. Where
    none of them can be written every process compiles anew.

    :param options: further ones of ``numba.njit``.
    """
    def decorate(function: Callable) -> Callable:
        try:
            return njit(cache=True, error_model='numpy', **options)(function)
        except RuntimeError:
            return njit(error_model='numpy', **options)(function)
    return decorate
