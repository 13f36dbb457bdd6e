"""
Linear-quadratic control of the cart-pole, designed for the plant identified from episodes.

The approach of a control engineer: identify, linearise, solve a Riccati equation. The network
plays the first episodes until a plant can be identified, the controller the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import math
from typing import Any

import numpy as np

from rstdp_ros.experiments.online.linear import LinearControl
from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.cartpole.physics import NOMINAL_EFFORT, POSITION_LIMIT
from rstdp_ros.tasks.cartpole.task import CARTPOLE
from rstdp_ros.twin.identification import identify
from rstdp_ros.twin.memory import Memory

# The default of the strategy ``twin``.
STEPS_KEPT = 400
# The plant is linearised over the motion of usual episodes: root mean squares of the state.
USUAL = 1.0 / np.array(CARTPOLE.robot.observation_scale)
# Bryson's rule: the deviations that weigh as much as a full command.
POSITION, ANGLE = POSITION_LIMIT, 12 * math.tau / 360


def quadratic(worlds: Sequence[World], network: SpikingQNetwork,
              seed: int) -> Iterator[SpikingQNetwork | LinearControl]:
    """
    Play, identify, design.

    An episode that shows too little of the plant, or a plant that no linear control stabilises,
    leaves the controller unchanged.

    :param worlds: cart-poles in their own equations, which do not change.
    """
    memory, known, control = Memory(len(CARTPOLE.robot.joints)), None, None
    for episode, world in enumerate(worlds, seed):
        memory.add(control.episode(episode, world.physics) if control else
                   world.episode(network, episode).trajectory, STEPS_KEPT)
        try:
            known = identify(CARTPOLE, memory.trajectories, known)
            control = LinearControl(designed(known.physics))
        except (RstdpError, np.linalg.LinAlgError):
            pass
        yield control or network


def designed(physics: Any) -> np.ndarray:
    """
    Design a controller for a plant.

    With z = (true state, commands under way) and z' = A z + B u, u = -K z minimises the sum of
    (x / 2.4 m)^2 + (theta / 12 deg)^2 + (u / 10 N)^2; the actuator gives the sign of u only. The
    true state is (shown - offset) / factor.

    :param physics: the plant with its sensors and its delay.
    :return: (5 + m,) float64, as :class:`LinearControl` takes them, for m commands under way.
    :raises numpy.linalg.LinAlgError: nothing stabilises it.
    """
    from scipy.linalg import solve_discrete_are
    a, b = linearised(physics)
    costs = np.zeros(len(a))
    costs[[0, 2]] = 1.0 / POSITION**2, 1.0 / ANGLE**2
    effort = 1.0 / NOMINAL_EFFORT**2
    p = solve_discrete_are(a, b, np.diag(costs), [[effort]])
    k = -np.linalg.solve(effort + b.T @ p @ b, b.T @ p @ a)[0]
    factors, offsets = np.array(physics.sensors()).reshape(2, -1)
    state = k[:4] / factors
    return np.concatenate([state, [-state @ offsets], NOMINAL_EFFORT * k[4:]])


def linearised(physics: Any) -> tuple[np.ndarray, np.ndarray]:
    """
    Linearise one control period around upright and rest, by central differences.

    They are as wide as usual motion, so that dry friction enters by its average effect.

    :return: A (4 + m, 4 + m) and B (4 + m, 1) of z = (x, x', theta, theta', last m commands).
    """
    under_way = math.ceil(physics.actuator()[0])
    widths = np.concatenate([USUAL, np.full(under_way + 1, NOMINAL_EFFORT)])
    moved = np.diag(widths)
    after = [CARTPOLE.drive(z[:, :4], z[:, 4:-1], z[:, -1:], physics)[:, 0]
             for z in (moved, -moved)]
    slopes = ((after[0] - after[1]) / (2.0 * widths[:, np.newaxis])).T
    # The new command becomes the first of those under way, which shift by one.
    new, older = np.eye(under_way + 5)[-1:], np.eye(under_way + 5)[4:-2]
    both = np.vstack([slopes, *([new, older] if under_way else [])])
    return both[:, :-1], both[:, -1:]
