"""
NIR files, which are HDF5, unpacked in a process of their own.

HDF5's library can crash on a damaged file, and would take whoever reads it along. So it runs in a
child that is told the file's bytes and tells the graph or a sentence.
"""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from typing import Any

from rstdp_ros.errors import RstdpError
from rstdp_ros.exchange.nir_convention import load_nir

# Weights may be float64, and every neuron has its constants.
MAX_UNPACKED = 64 * 2**20
MAX_DEPTH = 10
TIME_LIMIT = 60.0
# -I keeps whatever lies in the working folder out; the parent's path comes as arguments.
CHILD = ('import sys; sys.path[:] = sys.argv[1:]; '
         'from rstdp_ros.exchange.nir_file import main; main()')


def unpack(data: bytes) -> Any:
    """
    Return the ``nir.NIRGraph`` in the bytes of an NIR file, its types unchecked.

    :raises RstdpError: nir is missing, or the bytes are damaged or something else.
    """
    load_nir()
    try:
        done = subprocess.run([sys.executable, '-I', '-c', CHILD, *sys.path], input=data,
                              capture_output=True, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise RstdpError(f'damaged: it cannot be read within {TIME_LIMIT:.0f} s') from None
    if done.returncode:
        raise RstdpError(f'damaged: HDF5 ends with code {done.returncode} on it')
    result = pickle.loads(done.stdout)
    if isinstance(result, str):
        raise RstdpError(result)
    return result


def main() -> None:
    """Be the child: bytes from standard input, a graph or a sentence to standard output."""
    sys.stdout.buffer.write(pickle.dumps(_read(sys.stdin.buffer.read())))


def _read(data: bytes) -> Any:
    try:
        _check_size(data)
        return load_nir().read(io.BytesIO(data), type_check=False)
    except RstdpError as error:
        return str(error)
    except Exception as error:
        # h5py and nir raise many kinds of error on damaged files.
        return f'damaged or not an NIR file ({type(error).__name__})'


def _check_size(data: bytes) -> None:
    """Refuse what would not fit in memory once unpacked."""
    import h5py

    def size(group: h5py.Group, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise RstdpError('nested too deeply for an NIR file')
        return sum(size(item, depth + 1) if isinstance(item, h5py.Group) else item.nbytes
                   for item in group.values())

    with h5py.File(io.BytesIO(data)) as file:
        if size(file, 0) > MAX_UNPACKED:
            raise RstdpError(f'unpacks to more than {MAX_UNPACKED} bytes')
