"""How kernels are compiled, and where the result is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


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
