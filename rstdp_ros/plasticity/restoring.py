"""Checks of a learner's saved state, made before the learner changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rstdp_ros.plasticity.strategy import Strategy
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import real
from rstdp_ros.support.untrusted import shortened

# Entries that say how to continue, or where the run came from, but are not restored.
FREE = ('parameters', 'latest')


class OtherRunError(RstdpError):
    """A valid state, but of a run that began differently."""


def check_kinds(name: str, ours: Any, theirs: Any) -> None:
    """
    Refuse a state whose values differ in kind from a new learner's.

    Numbers are finite; a list holds numbers; arrays have the same shape and type, but any number
    of rows if a new learner has none. In place of its None, there may be a number, a network or a
    table of them.

    :param name: what to call it in an error.
    :raises RstdpError: for the first value of another kind.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() & theirs.keys() - set(FREE):
            check_kinds(key, ours[key], theirs[key])
    elif isinstance(ours, np.ndarray) and isinstance(theirs, np.ndarray):
        rows = ours.shape[:1] if ours.size else theirs.shape[:1]
        if ((*rows, *ours.shape[1:]), ours.dtype) != (theirs.shape, theirs.dtype):
            raise RstdpError(f'{name} is an array of {theirs.dtype} {theirs.shape}, not '
                             f'{ours.dtype} {ours.shape}')
        if not np.isfinite(theirs).all():
            raise RstdpError(f'{name} holds a value that is not finite')
    elif isinstance(ours, list) and isinstance(theirs, list):
        for value in theirs:
            real(name, value)
    elif ours is None or isinstance(ours, float):
        for value in theirs.values() if isinstance(theirs, dict) else (theirs,):
            if value is not None and not isinstance(value, SpikingQNetwork):
                real(name, value)
    elif type(ours) is not type(theirs):
        raise RstdpError(f'{name} is {shortened(repr(theirs))}, not of kind '
                         f'{type(ours).__name__}')


def check_networks(initial: SpikingQNetwork, strategy: Strategy, state: Any) -> None:
    """
    Refuse a state with a network that learning cannot have made from the initial one.

    :param strategy: determines which weight matrices, and which scales, may differ.
    :raises RstdpError: constants, or other weights or scales, differ.
    """
    for network in _networks(state):
        same = all(getattr(network, name) == getattr(initial, name) for name in (
            'sizes', 'neuron', 'task', 'action_efforts', 'quantized'))
        if not same or not all(
                (i in strategy.plastic or np.array_equal(initial.weights[i], network.weights[i]))
                and (i in strategy.rescaled or initial.scales[i:i + 1] == network.scales[i:i + 1])
                for i in range(len(initial.weights))):
            raise RstdpError(f'network {short(network.digest)} is not of this run')


def _networks(state: Any) -> Iterator[SpikingQNetwork]:
    if isinstance(state, SpikingQNetwork):
        yield state
    for value in state.values() if isinstance(state, dict) else ():
        yield from _networks(value)
