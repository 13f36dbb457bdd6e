"""
The random environments of the paper's Table 2, drawn once and kept in files.

The draw of ten sets influences the mean drop in performance more than anything else, so all runs
must use the same ones: ``data/<task>.csv`` holds them, a row each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).with_name('data')
SETS = 100
RANGES = ('normal', 'extreme')
# Derived fields follow the parameters, or keep their defaults.
DERIVED = ('recomputed', 'frozen')
# The mean return from which an environment counts as solved, by Gymnasium (for the cart-pole also
# by Packer et al. 2018).
SOLVED: Mapping[str, float] = {'cartpole': 195.0, 'acrobot': -100.0}
Intervals = Sequence[tuple[float, float]]
# Akl et al. (2022), Table 2.
TABLE_2: Mapping[str, Mapping[str, Mapping[str, Intervals]]] = {
    'cartpole': {
        'normal': {'force_magnitude': [(5, 15)], 'pole_half_length': [(0.25, 0.75)],
                   'pole_mass': [(0.05, 0.5)]},
        'extreme': {'force_magnitude': [(1, 5), (15, 20)],
                    'pole_half_length': [(0.05, 0.25), (0.75, 1.0)],
                    'pole_mass': [(0.01, 0.05), (0.5, 1.0)]}},
    'acrobot': {
        'normal': dict.fromkeys(('link_length', 'link_mass', 'link_moi'), [(0.75, 1.25)]),
        'extreme': dict.fromkeys(('link_length', 'link_mass', 'link_moi'),
                                 [(0.5, 0.75), (1.25, 1.5)])},
}


def draw(intervals: Intervals, generator: np.random.Generator) -> float:
    """Draw uniformly over a union of intervals."""
    place = generator.uniform(0.0, sum(high - low for low, high in intervals))
    for low, high in intervals:
        if place <= high - low:
            return low + place
        place -= high - low
    return intervals[-1][1]


def draw_plant(task: str, name: str, generator: np.random.Generator) -> dict[str, float]:
    """
    Draw one plant of a range.

    :return: parameters by name, rounded as in the files.
    """
    return {parameter: round(draw(intervals, generator), 6)
            for parameter, intervals in TABLE_2[task][name].items()}


def draw_sets(task: str) -> list[dict[str, Any]]:
    """Draw the sets that the files hold: seed 0 for the first range, 1 for the second."""
    rows: list[dict[str, Any]] = []
    for seed, name in enumerate(RANGES):
        generator = np.random.default_rng(seed)
        for index in range(SETS):
            rows.append({'range': name, 'set': index, **draw_plant(task, name, generator)})
    return rows


def sets_as_csv(task: str) -> str:
    """Return the content of a task's file."""
    return as_csv(draw_sets(task))


def as_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as a file with the columns of the longest; missing values are empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, max(rows, key=len), lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def environment_sets(task: str, name: str, count: int) -> list[dict[str, float]]:
    """
    Return the first environments of a range.

    :param name: 'normal' or 'extreme'.
    :return: physics parameters by name, for :meth:`Task.make_physics`.
    """
    text = (DATA / f'{task}.csv').read_text()
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row['range'] == name]
    return [{parameter: float(row[parameter]) for parameter in TABLE_2[task][name]}
            for row in rows[:count]]
