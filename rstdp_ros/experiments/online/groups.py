"""The plants of the online study, in groups with a table row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rstdp_ros.experiments.online.plants import online_plants, Physics, RANGES
from rstdp_ros.experiments.studies.pybullet import PLANTS as IN_PYBULLET

# Worlds that are not compiled.
SLOW: Mapping[str, Any] = {'slowness': 4, 'longest': 10}
# The number of episodes after which the plant changes.
CHANGE = 20
CHANGES: Mapping[str, Sequence[tuple[Physics, Physics]]] = {
    'cartpole': (
        ({'pole_half_length': 0.5}, {'pole_half_length': 0.9, 'force_magnitude': 4.0}),
        ({'force_magnitude': 18.0}, {'force_magnitude': 3.0}),
        ({'pole_half_length': 0.1, 'pole_mass': 0.7}, {'pole_half_length': 1.0})),
    'acrobot': (
        ({}, {'link_length': 1.4, 'link_mass': 1.4}),
        ({'link_mass': 0.6}, {'link_mass': 1.4}),
        ({'link_length': 1.4, 'link_moi': 0.6}, {'link_length': 0.6, 'link_moi': 1.4}))}
STAND_IN: Sequence[Physics] = (
    {'pole_half_length': 0.1, 'pole_mass': 0.7, 'force_magnitude': 4.0},
    {'pole_half_length': 0.8, 'pole_mass': 0.3},
    {'force_magnitude': 4.0},
    {'pole_half_length': 1.0, 'pole_mass': 0.5, 'force_magnitude': 16.0},
    {'pole_half_length': 0.25, 'pole_mass': 0.05, 'force_magnitude': 18.0})


@dataclass(frozen=True)
class Group:
    """
    Plants that belong together.

    :param world: their world: see :func:`rstdp_ros.experiments.online.worlds.world_of`.
    :param plants: (first parameters, those from episode ``change`` on) of each.
    :param change: 0 for plants that do not change.
    :param robust: whether networks trained on random plants are used too.
    :param slowness: of the world: the number of held-out starts is divided by it.
    :param precision: their number is multiplied by it, if runs are few.
    :param longest: largest number of episodes of a run.
    """

    name: str
    world: str
    plants: Sequence[tuple[Physics, Physics]]
    change: int = 0
    robust: bool = False
    slowness: int = 1
    longest: int = 250
    precision: int = 1


def groups(task: str) -> Iterator[Group]:
    """Yield the groups of a task."""
    # One plant, from several starts: harm there is judged by its mean.
    yield Group('nominal', 'equations', _same([{}] * 10), robust=True, precision=5)
    for name in RANGES:
        yield Group(name, 'equations', _same(online_plants(task, name)),
                    robust=name != 'normal')
    yield Group('changed', 'equations', CHANGES[task], CHANGE)
    yield Group('PyBullet', 'pybullet', _same([*IN_PYBULLET[task].values()]), **SLOW)
    if task == 'cartpole':
        for world in ('stand-in', 'bad stand-in'):
            yield Group(world, world, _same(STAND_IN), **SLOW)


def _same(plants: Sequence[Physics]) -> list[tuple[Physics, Physics]]:
    return [(plant, plant) for plant in plants]
