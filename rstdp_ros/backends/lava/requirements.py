"""Whether Lava, and Loihi 2, can be had here."""

from __future__ import annotations

from importlib.util import find_spec
import os
import sys

from rstdp_ros.errors import RstdpError

PYTHON = (3, 10)
LOIHI_HOST = 'NXSDKHOST'


def require_lava() -> None:
    """
    Make sure that Lava can be imported.

    :raises RstdpError: it cannot.
    """
    here = sys.version_info[:2]
    if here == PYTHON and find_spec('lava') is not None and find_spec('lava.magma') is not None:
        return
    found = 'it is not installed here' if here == PYTHON else f'this is {here[0]}.{here[1]}'
    raise RstdpError('Lava needs Python 3.10 and pip install "rstdp_ros[lava]" (docs/lava.md), '
                     f'and {found}')


def require_target(target: str) -> None:
    """
    Make sure that the target is there.

    :param target: cpu or loihi2.
    :raises RstdpError: it cannot be reached.
    """
    if target != 'loihi2':
        return
    from lava.utils import loihi, slurm

    if not loihi.is_installed():
        raise RstdpError("lava_target loihi2 needs Lava's extension for Loihi, which Intel gives "
                         'to members of its research community (INRC); it is not installed here')
    host = os.environ.get(LOIHI_HOST, '')
    if host and not slurm.try_run_command(['ping', '-c', '1', '-W', '2', host]):
        raise RstdpError(f'lava_target loihi2: the board {LOIHI_HOST}={host} does not answer a '
                         'ping')
    if not host and not slurm.is_available():
        raise RstdpError(f'lava_target loihi2 finds no board: set {LOIHI_HOST} to the address of '
                         'one, or start this where SLURM gives one')
