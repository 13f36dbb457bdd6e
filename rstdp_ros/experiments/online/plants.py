"""
The plants of the online study, drawn once and kept in ``data/online_<task>.csv``.

They were used for reports only, and for no choice. Hard plants are extreme ones that also have the
other flaws of robots: delay, friction, a dead zone and sensor errors.
"""

from __future__ import annotations

from collections.abc import Mapping
import csv
from functools import lru_cache
import io
import math

import numpy as np

from rstdp_ros.experiments import environments
from rstdp_ros.experiments.environments import DATA

RANGES = ('normal', 'extreme', 'hard')
SETS, SEED = 30, 17
Physics = Mapping[str, float]
# Sensors of hard plants are off by a factor of up to exp(this), either way.
LOG_FACTOR = 0.9
FACTORS: Mapping[str, tuple[str, ...]] = {
    'cartpole': ('cart_position', 'cart_velocity', 'pole_position', 'pole_velocity'),
    'acrobot': ('shoulder_velocity', 'elbow_velocity')}
# Uniform; SI units.
HARD: Mapping[str, Mapping[str, tuple[float, float]]] = {
    'cartpole': {
        'actuator_delay': (0.0, 0.06), 'cart_damping': (0.0, 2.0), 'cart_friction': (0.0, 0.2),
        'dead_zone': (0.0, 1.0),
        'cart_position_offset': (-0.1, 0.1), 'cart_velocity_offset': (-0.1, 0.1),
        'pole_position_offset': (-0.02, 0.02), 'pole_velocity_offset': (-0.1, 0.1)},
    'acrobot': {
        'actuator_delay': (0.0, 0.2), 'shoulder_damping': (0.0, 0.05),
        'shoulder_friction': (0.0, 0.05), 'elbow_damping': (0.0, 0.05),
        'elbow_friction': (0.0, 0.05),
        'shoulder_position_offset': (-0.05, 0.05), 'elbow_position_offset': (-0.05, 0.05),
        'shoulder_velocity_offset': (-0.1, 0.1), 'elbow_velocity_offset': (-0.1, 0.1)},
}


def draw_plant(task: str, name: str, generator: np.random.Generator) -> dict[str, float]:
    """
    Draw one plant of a range.

    :return: parameters by name, rounded as in the files.
    """
    if name != 'hard':
        return environments.draw_plant(task, name, generator)
    values = environments.draw_plant(task, 'extreme', generator)
    values |= {parameter: generator.uniform(*ends) for parameter, ends in HARD[task].items()}
    values |= {f'{sensor}_factor': math.exp(generator.uniform(-LOG_FACTOR, LOG_FACTOR))
               for sensor in FACTORS[task]}
    return {parameter: round(value, 6) for parameter, value in values.items()}


def plants_as_csv(task: str) -> str:
    """Return the content of a task's file: a row per plant, empty where a value is nominal."""
    generators = [np.random.default_rng((SEED, number)) for number in range(len(RANGES))]
    return environments.as_csv([
        {'range': name, 'set': i, **draw_plant(task, name, generator)}
        for name, generator in zip(RANGES, generators) for i in range(SETS)])


@lru_cache(maxsize=8)
def online_plants(task: str, name: str) -> tuple[Physics, ...]:
    """
    Return the plants of a range.

    :return: parameters by name, for :meth:`Task.make_physics`.
    """
    rows = csv.DictReader(io.StringIO((DATA / f'online_{task}.csv').read_text()))
    return tuple({parameter: float(value) for parameter, value in row.items()
                  if parameter not in ('range', 'set') and value}
                 for row in rows if row['range'] == name)
