"""Strategies and guards by name: a new one is one new file and its name here, or a package."""

from __future__ import annotations

from rstdp_ros.plugins import Plugins

HERE = 'rstdp_ros.plasticity'
STRATEGIES = Plugins('strategy', 'rstdp_ros.strategies', {
    'rstdp': f'{HERE}.rstdp:RSTDP',
    'opposite': f'{HERE}.controls:OppositeSign',
    'random': f'{HERE}.controls:RandomUpdates',
    'independent': f'{HERE}.controls:IndependentPerturbations',
    'shuffled': f'{HERE}.controls:ShuffledUpdates',
    'permuted': f'{HERE}.controls:PermutedUpdates'})
GUARDS = Plugins('guard', 'rstdp_ros.guards', {
    'recheck': f'{HERE}.recheck:RecheckGuard',
    'snapshot': f'{HERE}.guard:SnapshotGuard',
    'none': f'{HERE}.guard:NoGuard'})
# The guard that a run began with, so that old runs go on as they were; DEFAULT_GUARD in a new one.
AUTO, DEFAULT_GUARD = 'auto', 'recheck'


def find_guard(name: str) -> type:
    """
    Return the guard of that name, or the default one.

    :raises RstdpError: there is none, or it cannot be loaded.
    """
    return GUARDS[DEFAULT_GUARD if name == AUTO else name]
