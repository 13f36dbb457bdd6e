"""Strategies and guards by name: a new one is a new file and its name here, or a package."""

from __future__ import annotations

from typing import Any

from rstdp_ros.support.plugins import Plugins

HERE = 'rstdp_ros.plasticity'
STRATEGIES = Plugins('strategy', 'rstdp_ros.strategies', {
    'rstdp': f'{HERE}.rstdp:RSTDP',
    'combined': 'rstdp_ros.twin.combined:Combined',
    'gains': f'{HERE}.gains:Gains',
    'twin': 'rstdp_ros.twin.strategy:Twin',
    'perturbation': f'{HERE}.perturbation:Perturbation',
    'blended': f'{HERE}.blended:Blended',
    'opposite': f'{HERE}.controls:OppositeSign',
    'random': f'{HERE}.controls:RandomUpdates',
    'independent': f'{HERE}.controls:IndependentPerturbations',
    'shuffled': f'{HERE}.controls:ShuffledUpdates',
    'permuted': f'{HERE}.controls:PermutedUpdates'})
GUARDS = Plugins('guard', 'rstdp_ros.guards', {
    'recheck': f'{HERE}.recheck:RecheckGuard',
    'snapshot': f'{HERE}.guard:SnapshotGuard',
    'none': f'{HERE}.guard:NoGuard'})
# What a run began with, so that old runs continue unchanged; in a new run the default strategy,
# and the guard that fits the strategy.
AUTO, DEFAULT = 'auto', 'combined'


def find_guard(name: str, strategy: str) -> Any:
    """
    Return the guard of that name, or for ``AUTO`` the one that fits the strategy.

    :raises RstdpError: there is none of that name, or it cannot be loaded.
    """
    return GUARDS[STRATEGIES[strategy].default_guard if name == AUTO else name]
