"""How and when kernels are compiled, and where the result is cached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property, update_wrapper
import hashlib
from importlib import import_module
from pkgutil import get_data
import sys
from threading import Lock
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ['compiled', 'fingerprint', 'lanes', 'numba', 'overload', 'specialised']
# Types whose values compiled code treats as constants.
CONSTANTS = (bool, int, float, str, tuple, np.generic)
# The replacements of functions in compiled code, and those not yet registered with numba.
_OVERLOADS: dict[Callable, Callable] = {}
_UNTOLD: list[Callable] = []
_TELLING = Lock()


@contextmanager
def _hidden(*packages: str) -> Iterator[None]:
    """Make packages that are not loaded yet appear not to be installed."""
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
    Return numba, loaded at the first call: loading takes a fifth of a node's start-up.

    It looks for linear algebra and coverage tools, which no kernel needs.
    """
    with _hidden('scipy', 'coverage'):
        import numba
    return numba


def load_compiler() -> None:
    """
    Load what numba needs to compile, but linear algebra.

    Code that compiles its own numpy.dot loads that then. What kernels call must be known to numba
    before it begins.
    """
    with _hidden('scipy'):
        from numba.np import arraymath  # noqa: F401 (this module looks for linear algebra)
    import_module('rstdp_ros.support.lanes')


class _Lanes(ModuleType):
    """Stands for :mod:`rstdp_ros.support.lanes` in kernels; that is loaded at its first use."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        numba()
        return getattr(import_module('rstdp_ros.support.lanes'), name)

    @cached_property
    def code(self) -> bytes:
        """Its source."""
        return get_data(__package__, 'lanes.py')


lanes = _Lanes('lanes')


def overload(function: Callable) -> Callable[[Callable], Callable]:
    """Replace a function in compiled code, as ``numba.extending.overload`` does."""
    def decorate(implementation: Callable) -> Callable:
        _OVERLOADS[function] = implementation
        _UNTOLD.append(function)
        return implementation
    return decorate


class Kernel:
    """
    A function that numba compiles when it is first called; other kernels may call it too.

    :param function: what to compile.
    :param options: of ``numba.njit``.
    """

    __qualname__: str

    def __init__(self, function: Callable, options: dict[str, Any]) -> None:
        # Without Python's lock, so that a thread in a kernel does not block the others.
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
        # numba reads this attribute to learn an object's type in compiled code.
        return self._dispatcher._numba_type_

    @cached_property
    def _dispatcher(self) -> Any:
        njit = numba().njit
        with _TELLING:
            while _UNTOLD:
                function = _UNTOLD.pop()
                numba().extending.overload(function)(_OVERLOADS[function])
        function = _copy(self._function, self._function.__globals__)
        # numba caches a result under this name, and checks only the file that defines the
        # function.
        function.__qualname__ += f'-{fingerprint(self._function)}'
        dispatcher = njit(**self._options)(function)
        kernel_cache = import_module('rstdp_ros.support.kernel_cache')
        try:
            dispatcher._cache = kernel_cache.KernelCache(function)
        except RuntimeError:  # there is no folder that can be written
            load_compiler()
        return dispatcher


def compiled(**options: Any) -> Callable[[Callable], Kernel]:
    """
    Compile a function with numba, and cache the result on disk if a folder is writable.

    The folder is ``__pycache__`` beside the source, ``NUMBA_CACHE_DIR`` or the user's cache. If
    none of them is writable, every process compiles again.

    :param options: further options of ``numba.njit``.
    """
    return lambda function: Kernel(function, options)


def specialised(template: Callable, **pieces: Any) -> Kernel:
    """
    Compile a function in which some names mean something different than in its module.

    :param template: a function that is only compiled this way.
    :param pieces: kernels and constants, by the names that the template uses.
    """
    return Kernel(_copy(template, {**template.__globals__, **pieces}), {})


def _copy(function: Callable, names: dict[str, Any]) -> Callable:
    """Return the same function with other globals."""
    return update_wrapper(FunctionType(function.__code__, names, function.__name__,
                                       function.__defaults__, function.__closure__), function)


def fingerprint(function: Callable) -> str:
    """
    Identify a function by everything that its machine code is made from.

    That is its own code and the constants it uses, and the same for every function it calls.

    :return: eight hex digits.
    """
    sha = hashlib.sha256()
    for part in _parts(function, set()):
        sha.update(part)
    return sha.hexdigest()[:8]


def _parts(function: Callable, seen: set[Callable]) -> Iterator[bytes]:
    """Yield what the function's machine code is made from."""
    function = _OVERLOADS.get(function, function)
    if isinstance(function, Kernel):
        function = function._function
    if function in seen:
        return
    seen.add(function)
    package = function.__module__.split('.')[0]
    for code in _codes(function.__code__):
        yield code.co_code
        yield repr([c for c in code.co_consts if not isinstance(c, CodeType)]).encode()
        for name, value in _meanings(code.co_names, function.__globals__):
            if value is lanes:
                yield lanes.code
            elif isinstance(value, (*CONSTANTS, np.ndarray)):
                yield f'{name} = '.encode() + _constant(value)
            elif isinstance(value, Kernel) or (isinstance(value, FunctionType)
                                               and value.__module__.split('.')[0] == package):
                yield from _parts(value, seen)


def _constant(value: Any) -> bytes:
    """Return a constant as bytes; those of an array are all of its numbers."""
    if isinstance(value, tuple):
        return b'(' + b', '.join(map(_constant, value)) + b')'
    if isinstance(value, np.ndarray):
        return f'{value.dtype} {value.shape} '.encode() + value.tobytes()
    return repr(value).encode()


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of the functions nested in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _meanings(names: tuple[str, ...], known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values of global names; for a module, also the members that are named."""
    for name in names:
        value = known.get(name)
        members = vars(value) if isinstance(value, ModuleType) else {}
        yield name, value
        yield from ((member, members[member]) for member in names if member in members)
