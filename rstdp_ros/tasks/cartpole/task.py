"""The cart-pole as a :class:`Task`."""

from collections.abc import Sequence
import math

import numpy as np

from rstdp_ros.snn import Neuron
from rstdp_ros.tasks.cartpole.episodes import drive, run_batch
from rstdp_ros.tasks.cartpole.physics import (
    CartPolePhysics,
    COMMAND,
    CONTROL_PERIOD,
    failed,
    step,
)
from rstdp_ros.tasks.cartpole.sketch import SKETCH
from rstdp_ros.tasks.cartpole.unknowns import UNKNOWNS
from rstdp_ros.tasks.task import Joints, Task

START_RANGE = 0.05
# What Table 2 of Akl et al. (2022) spans with its normal and extreme ranges.
PLANT_SPAN = {'force_magnitude': (1.0, 20.0), 'pole_half_length': (0.05, 1.0),
              'pole_mass': (0.01, 1.0)}


def start_state(generator: np.random.Generator) -> np.ndarray:
    """Draw a start as Gymnasium's CartPole does: (4,) float64, uniform within 0.05."""
    return generator.uniform(-START_RANGE, START_RANGE, size=4)


def observe(positions: Sequence[float], velocities: Sequence[float]) -> np.ndarray:
    """
    Build the observation from the joints (slider, pole).

    :param positions: (x m, theta rad).
    :param velocities: (x' m/s, theta' rad/s).
    :return: (x, x', theta, theta') float32, Gymnasium's order.
    """
    return np.array((positions[0], velocities[0], positions[1], velocities[1]), np.float32)


def joints_of(observation: Sequence[float]) -> Joints:
    """
    Split an observation or a state into joint positions and velocities.

    :param observation: (4,) numbers: x, x', theta, theta'.
    """
    x, x_dot, theta, theta_dot = observation
    return Joints((float(x), float(theta)), (float(x_dot), float(theta_dot)))


def state_of(positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    """
    Put joint positions and velocities together to states.

    :param positions: (..., 2), x m and theta rad; likewise velocities.
    :return: (..., 4) float64: x, x', theta, theta'.
    """
    pairs = np.stack([positions, velocities], axis=-1).astype(np.float64)
    return pairs.reshape(*pairs.shape[:-2], 4)


def terminated(joints: Joints, physics: CartPolePhysics) -> bool:
    """Return whether the cart is off the track or the pole leans too far."""
    return failed(*map(float, joints.positions), physics.angle_limit)


def reward(terminated: bool) -> float:
    """Return what the step is worth that led there."""
    return 1.0


CARTPOLE = Task(
    name='cartpole',
    env_id='rstdp_ros/CartPole-v0',
    joints=('slider_to_cart', 'cart_to_pole'),
    angles=('cart_to_pole',),
    actuated_joint='slider_to_cart',
    action_efforts=(-COMMAND, COMMAND),
    sizes=(8, 64, 64, 2),
    neuron=Neuron(0.8, 0.8, threshold=0.5, ticks=8),
    max_episode_steps=200,
    max_return=200.0,
    control_period=CONTROL_PERIOD,
    physics=CartPolePhysics,
    demo_physics={'pole_half_length': 0.8, 'pole_mass': 0.3},
    plant_span=PLANT_SPAN,
    observe=observe,
    joints_of=joints_of,
    terminated=terminated,
    reward=reward,
    start_range=START_RANGE,
    start_state=start_state,
    state_joints=joints_of,
    state_of=state_of,
    observation_high=(math.inf,) * 4,
    observation_scale=(4.6, 2.2, 13.0, 1.6),
    advance=step,
    run_batch=run_batch,
    run_efforts=drive,
    sketch=SKETCH,
    unknowns=UNKNOWNS,
)
