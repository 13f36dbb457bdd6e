"""
Unpacking of foreign files in a separate process, with limits.

The HDF5 and torch libraries can crash on damaged files, and would take the reader down with them.
So they run in a child process that receives the file's bytes and returns their content or a
sentence.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
import pickle
import resource
import subprocess
import sys
from typing import Any

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing, shortened

# CPU time for the file itself; importing torch takes longer on a busy machine.
SECONDS = 2
TIME_LIMIT = 60.0
MEMORY = 400 * 2**20
# -I keeps modules in the working folder out; the parent's path comes as arguments.
CHILD = ('import sys; name = sys.argv[1]; sys.path[:] = sys.argv[2:]; '
         'from rstdp_ros.exchange.child import main; main(name)')


def unpack(module: str, data: bytes) -> Any:
    """
    Return the result of a module's function ``read`` for a file's bytes.

    :param module: in this package; it names the libraries it needs in LIBRARIES.
    :raises RstdpError: the bytes are damaged, something else, or too large.
    """
    try:
        done = subprocess.run([sys.executable, '-I', '-c', CHILD, module, *sys.path], input=data,
                              capture_output=True, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise RstdpError(f'damaged: it cannot be read within {TIME_LIMIT:.0f} s') from None
    return result(done.returncode, done.stdout)


def result(code: int, output: bytes) -> Any:
    """
    Return what a child process answered.

    :raises RstdpError: it answered with a sentence, or died.
    """
    if code:
        raise RstdpError(f'damaged: reading it takes more than {SECONDS} s or {MEMORY} bytes, or '
                         f'ends with code {code}')
    with refusing('its reader'):
        told = pickle.loads(output)
    if isinstance(told, str):
        raise RstdpError(told)
    return told


def main(module: str) -> None:
    """Run as the child: bytes from standard input, content or a sentence to standard output."""
    sys.stdout.buffer.write(answer(module, sys.stdin.buffer.read()))


def answer(module: str, data: bytes) -> bytes:
    """Read within limits, which start once all libraries are loaded; return the answer."""
    reader = import_module(f'rstdp_ros.exchange.{module}')
    for library in reader.LIBRARIES:
        import_module(library)
    _limit()
    try:
        told = reader.read(data)
    except RstdpError as error:
        told = str(error)
    except Exception as error:  # h5py, nir and torch raise many kinds of error on damaged files
        told = f'damaged ({type(error).__name__}: {shortened(error)})'
    return pickle.dumps(told, pickle.HIGHEST_PROTOCOL)


def _limit() -> None:
    """Limit the memory and time that this process may use beyond what it has used already."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    pages = int(Path('/proc/self/statm').read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, 2 * (pages * resource.getpagesize() + MEMORY,))
