"""Compiled kernels on disk, loaded without what only a compiler needs. Loads numba."""

from __future__ import annotations

from typing import Any

from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys

from rstdp_ros.support.compiling import load_compiler


class KernelCache(FunctionCache):
    """
    numba's cache of a function.

    Before it loads a kernel, numba's own loads all that compiled code may contain: a tenth of a
    node's start-up and 10 MB.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the kernel for some types of arguments, or None."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            kernel = self._load_overload(sig, target_context)
        if kernel is None:
            load_compiler()
        return kernel
