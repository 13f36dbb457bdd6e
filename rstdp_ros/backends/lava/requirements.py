"""Whether Lava and Loihi 2 are available here."""

from __future__ import annotations

from importlib.util import find_spec
import os
import sys

from rstdp_ros.support.errors import RstdpError

PYTHON = (3, 10)
# Environment variables for the board's host and its chip generation.
ADDRESS, GENERATION = 'NXSDKHOST', 'LOIHI_GEN'


def require_lava() -> None:
    """
    Make sure that Lava can be imported.

    :raises RstdpError: it cannot.
    """
    here = sys.version_info[:2]
    if here == PYTHON and _installed():
        return
    found = 'it is not installed here' if here == PYTHON else f'this is {here[0]}.{here[1]}'
    raise RstdpError('Lava needs Python 3.10 and pip install "rstdp_ros[lava]" (docs/lava.md), '
                     f'and {found}')


def _installed() -> bool:
    try:
        return find_spec('lava.magma') is not None
    except ModuleNotFoundError:  # no lava, or another package of that name
        return False


def require_target(target: str) -> None:
    """
    Make sure that the target is available, and point Lava to it by environment variables.

    :param target: cpu or loihi2.
    :raises RstdpError: it cannot be reached.
    """
    if target != 'loihi2':
        return
    from lava.utils import loihi

    if not loihi.is_installed():
        raise RstdpError("lava_target loihi2 needs Lava's extension for Loihi, which Intel gives "
                         'to members of its research community (INRC); it is not installed here')
    address = os.environ.get(ADDRESS, '')
    try:
        generation = loihi.ChipGeneration(os.environ.get(GENERATION, 'N3B3'))
        if address:
            loihi.use_ethernet_host(address, loihi_gen=generation)
        else:
            loihi.use_slurm_host(loihi_gen=generation)
    except (ValueError, OSError) as error:
        raise RstdpError(f'lava_target loihi2 reaches no board ({error}): set {ADDRESS} to the '
                         f'address of one and {GENERATION} to its chips, or start this where '
                         'SLURM gives one') from None
