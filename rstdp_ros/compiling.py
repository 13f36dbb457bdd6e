"""How kernels are compiled, when, and where the result is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property, update_wrapper
import sys
from types import ModuleType
from typing import Any

__all__ = ['compiled', 'numba', 'overload']
# Functions that stand in compiled code for others, of which numba has not been told yet.
_OVERLOADS: list[tuple[Callable, Callable]] = []


@contextmanager
def _hidden(*packages: str) -> Iterator[None]:
    """Let packages that are not loaded yet seem not installed."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


@cache
def numba() -> ModuleType:
    """
    Return numba, loaded at the first call: that takes a third of a node's start.

    It looks for linear algebra and for a meter of test coverage, which no kernel needs. Whoever
    compiles a numpy.dot of their own gets it then.
    """
    with _hidden('scipy', 'coverage'):
        import numba
        from numba.np import arraymath  # noqa: F401 (this part looks for linear algebra)
    return numba


def overload(function: Callable) -> Callable[[Callable], Callable]:
    """Let compiled code have another function instead, as ``numba.extending.overload`` does."""
    def decorate(implementation: Callable) -> Callable:
        _OVERLOADS.append((function, implementation))
        return implementation
    return decorate


class Kernel:
    """
    A function that numba compiles when it is first called; other kernels may call it too.

    :param function: what to compile.
    :param options: of ``numba.njit``.
    """

    def __init__(self, function: Callable, options: dict[str, Any]) -> None:
        # Without Python's lock, so that a thread that is in a kernel keeps no other one waiting.
        self._options = {'error_model': 'numpy', 'nogil': True, **options}
        self._function = function
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        """Run the compiled function."""
        return self._dispatcher(*arguments)

    def __reduce__(self) -> str:
        """Pickle it by its name, as functions are."""
        return self.__qualname__

    @property
    def _numba_type_(self) -> Any:
        # By this name numba asks what an object is in compiled code.
        return self._dispatcher._numba_type_

    @cached_property
    def _dispatcher(self) -> Callable:
        njit = numba().njit
        while _OVERLOADS:
            function, implementation = _OVERLOADS.pop()
            numba().extending.overload(function)(implementation)
        try:
            return njit(cache=True, **self._options)(self._function)
        except RuntimeError:
            return njit(**self._options)(self._function)


def compiled(**options: Any) -> Callable[[Callable], Kernel]:
    """
    Compile a function by numba, and keep the result on disk where a folder can be written.

    The folder is ``__pycache__`` beside the source, ``NUMBA_CACHE_DIR`` or the user's cache. Where
    none of them can be written every process compiles anew.

    :param options: further ones of ``numba.njit``.
    """
    return lambda function: Kernel(function, options)
