"""Strategies and guards by name: a new one is one new file and its name here."""

from __future__ import annotations

from rstdp_ros.errors import RstdpError
from rstdp_ros.plasticity.controls import (
    IndependentPerturbations,
    OppositeSign,
    PermutedUpdates,
    RandomUpdates,
    ShuffledUpdates,
)
from rstdp_ros.plasticity.guard import NoGuard, SnapshotGuard
from rstdp_ros.plasticity.recheck import RecheckGuard
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.plasticity.strategy import Strategy

STRATEGIES = {strategy.name: strategy for strategy in (
    RSTDP, OppositeSign, RandomUpdates, IndependentPerturbations, ShuffledUpdates,
    PermutedUpdates)}
GUARDS = {guard.name: guard for guard in (RecheckGuard, SnapshotGuard, NoGuard)}
# The guard that a run began with, so that old runs go on as they were; RecheckGuard in a new one.
AUTO = 'auto'


def find_strategy(name: str) -> type[Strategy]:
    """
    Return the strategy of that name.

    :raises RstdpError: there is none.
    """
    return _find('strategy', name, STRATEGIES)


def find_guard(name: str) -> type:
    """
    Return the guard of that name, or the default one.

    :raises RstdpError: there is none.
    """
    return _find('guard', RecheckGuard.name if name == AUTO else name, GUARDS)


def _find(kind: str, name: str, known: dict[str, type]) -> type:
    if name not in known:
        raise RstdpError(f'unknown {kind} {name!r}; known are {", ".join(known)}')
    return known[name]
