"""NIR files, which are HDF5: their content, once it is known to fit in memory."""

from __future__ import annotations

import io
from typing import Any

from rstdp_ros.exchange.nir_convention import load_nir
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import shortened

LIBRARIES = ('h5py', 'nir')
# Weights may be float64, and every neuron has its constants.
MAX_UNPACKED = 64 * 2**20
# A network here is a graph of 8 nodes with up to 9 fields each.
MAX_DEPTH, MAX_OBJECTS, MAX_TEXTS = 10, 2000, 10_000


def read(data: bytes) -> Any:
    """
    Return the ``nir.NIRGraph`` in the bytes of an NIR file, its types unchecked.

    :raises RstdpError: damaged, something else, or too large.
    """
    import h5py
    nir = load_nir()
    try:
        with h5py.File(io.BytesIO(data)) as file:
            _Sizes().add(file, 0)
        return nir.read(io.BytesIO(data), type_check=False)
    except RstdpError:
        raise
    except Exception as error:
        raise RstdpError('damaged or not an NIR file '
                         f'({shortened(str(error) or type(error).__name__)})') from None


class _Sizes:
    """Sums up the memory needed, and refuses links out of the file."""

    def __init__(self) -> None:
        self._objects = self._bytes = 0

    def add(self, group: Any, depth: int) -> None:
        import h5py
        if depth > MAX_DEPTH:
            raise RstdpError('nested too deeply for an NIR file')
        for name in group:
            self._objects += 1
            if self._objects > MAX_OBJECTS:
                raise RstdpError(f'holds more than {MAX_OBJECTS} groups and values')
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise RstdpError(f'{shortened(name)!r} is a link to elsewhere')
            item = group[name]
            if isinstance(item, h5py.Group):
                self.add(item, depth + 1)
            elif isinstance(item, h5py.Dataset):
                self._add_values(name, item)

    def _add_values(self, name: str, item: Any) -> None:
        if item.external or item.is_virtual:
            raise RstdpError(f'{shortened(name)!r} has its values in another file')
        if item.dtype.hasobject and item.size > MAX_TEXTS:
            raise RstdpError(f'{shortened(name)!r} holds more than {MAX_TEXTS} texts')
        chunk = item.dtype.itemsize
        for length in item.chunks or ():
            chunk *= length
        self._bytes += max(item.nbytes, chunk)
        if self._bytes > MAX_UNPACKED:
            raise RstdpError(f'unpacks to more than {MAX_UNPACKED} bytes')
