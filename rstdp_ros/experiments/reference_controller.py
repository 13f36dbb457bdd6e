"""
Which random cart-poles can be balanced at all, determined without any network.

For each environment a switching controller, force = sign(k . state), is tuned by the cross-entropy
method. If the best one found fails, adaptation cannot be blamed for failing.
"""

from __future__ import annotations

import csv
from functools import lru_cache
import io
from typing import Any

import numpy as np

from rstdp_ros.experiments.environments import DATA, DERIVED, environment_sets, RANGES, SETS
from rstdp_ros.experiments.online.linear import mean_steps
from rstdp_ros.experiments.online.linear_bound import cross_entropy, STARTS, USUAL
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

FILE = DATA / 'cartpole_reference.csv'
FINAL_STARTS = 500


def best_switching_return(physics: Any) -> float:
    """Return the best controller's mean return on starts not used to find it."""
    starts = seeds.block(seeds.VALIDATION, STARTS + FINAL_STARTS)
    best = cross_entropy(mean_steps(starts[:STARTS], physics), USUAL, np.random.default_rng(0))
    return mean_steps(starts[STARTS:], physics)(best)


def reference_as_csv(count: int = SETS) -> str:
    """Tune a controller for every set; return the content of the file that keeps the results."""
    task, buffer = get_task('cartpole'), io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    writer.writerow(['derived', 'range', 'set', 'return'])
    for derived in DERIVED:
        for name in RANGES:
            for i, values in enumerate(environment_sets('cartpole', name, count)):
                physics = task.make_physics({**values, 'derived_parameters': derived})
                writer.writerow([derived, name, i, round(best_switching_return(physics), 3)])
    return buffer.getvalue()


@lru_cache(maxsize=1)
def reference_returns() -> dict[tuple[str, str, int], float]:
    """Return the file's content: the reference's return by (derived, range, set)."""
    rows = csv.DictReader(io.StringIO(FILE.read_text()))
    return {(row['derived'], row['range'], int(row['set'])): float(row['return']) for row in rows}
