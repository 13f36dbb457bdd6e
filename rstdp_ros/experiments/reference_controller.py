"""
Which random cart-poles can be balanced at all, found out without any network.

For each environment a switching controller, force = sign(k . state), is tuned by the cross-entropy
method. Where the best one found fails, no adaptation can be blamed for failing.
"""

from __future__ import annotations

import csv
from functools import lru_cache
import io
from typing import Any

import numpy as np

from rstdp_ros import seeds
from rstdp_ros.compiling import compiled
from rstdp_ros.experiments.environments import DATA, DERIVED, environment_sets, RANGES, SETS
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.cartpole.physics import COMMAND, step

FILE = DATA / 'cartpole_reference.csv'
POPULATION, ELITE, ROUNDS, STARTS = 128, 16, 25, 50
FINAL_STARTS = 500
# Balanced: within 2.5 % of the largest return.
SOLVED = 195.0


@compiled()
def switching_return(gains, starts, constants, max_steps):
    """
    Return the mean number of steps that a switching controller balances.

    :param gains: (4,) float64; only their direction matters.
    :param starts: (n, 4) float64.
    """
    total = 0
    for i in range(len(starts)):
        x, x_dot, theta, theta_dot = starts[i]
        for _ in range(max_steps):
            total += 1
            lean = gains[0] * x + gains[1] * x_dot + gains[2] * theta + gains[3] * theta_dot
            x, x_dot, theta, theta_dot, terminated = step(
                x, x_dot, theta, theta_dot, COMMAND if lean > 0 else -COMMAND, constants)
            if terminated:
                break
    return total / len(starts)


def best_switching_return(physics: Any) -> float:
    """Return what the best controller found achieves on starts that did not serve to find it."""
    task, constants = get_task('cartpole'), physics.constants()
    starts = task.start_states(seeds.block(seeds.VALIDATION, STARTS + FINAL_STARTS))
    generator = np.random.default_rng(0)
    mean, std = np.array([0.1, 0.5, 2.0, 1.0]), np.ones(4)
    best, best_return = mean, -1.0
    for _ in range(ROUNDS):
        gains = generator.normal(mean, std, (POPULATION, 4))
        gains /= np.linalg.norm(gains, axis=1, keepdims=True)
        returns = np.array([switching_return(g, starts[:STARTS], constants,
                                             task.max_episode_steps) for g in gains])
        elite = gains[np.argsort(-returns, kind='stable')[:ELITE]]
        mean, std = elite.mean(axis=0), elite.std(axis=0) + 0.01
        if returns.max() > best_return:
            best, best_return = gains[returns.argmax()], returns.max()
        if best_return == task.max_return:
            break
    return switching_return(best, starts[STARTS:], constants, task.max_episode_steps)


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
    """Return what the file has: the reference's return by (derived, range, set)."""
    rows = csv.DictReader(io.StringIO(FILE.read_text()))
    return {(row['derived'], row['range'], int(row['set'])): float(row['return']) for row in rows}
