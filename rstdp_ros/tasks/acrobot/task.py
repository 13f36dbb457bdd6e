"""The acrobot as a :class:`Task`."""

from collections.abc import Sequence

import numpy as np

from rstdp_ros.snn import Neuron
from rstdp_ros.tasks.acrobot import physics
from rstdp_ros.tasks.acrobot.episodes import drive, run_batch
from rstdp_ros.tasks.acrobot.physics import (
    AcrobotPhysics,
    COMMAND,
    CONTROL_PERIOD,
    MAX_VELOCITY_1,
    MAX_VELOCITY_2,
    reached,
    step,
)
from rstdp_ros.tasks.acrobot.sketch import SKETCH
from rstdp_ros.tasks.acrobot.unknowns import UNKNOWNS
from rstdp_ros.tasks.task import Joints, Task

START_RANGE = 0.1
# What Table 2 of Akl et al. (2022) spans with its normal and extreme ranges.
PLANT_SPAN = dict.fromkeys(('link_length', 'link_mass', 'link_moi'), (0.5, 1.5))


def start_state(generator: np.random.Generator) -> np.ndarray:
    """Draw a start as Gymnasium's Acrobot does: (4,) float64 of float32 values within 0.1."""
    start = generator.uniform(-START_RANGE, START_RANGE, size=4)
    return start.astype(np.float32).astype(np.float64)


def observe(positions: Sequence[float], velocities: Sequence[float]) -> np.ndarray:
    """
    Build the observation from the joints (shoulder, elbow).

    :param positions: (theta1, theta2) rad.
    :param velocities: (theta1', theta2') rad/s.
    :return: (cos theta1, sin theta1, cos theta2, sin theta2, theta1', theta2') float32.
    """
    observation = np.empty(6, np.float32)
    # The compiled function that episodes use: another cosine might round otherwise.
    physics.observe(float(positions[0]), float(positions[1]), float(velocities[0]),
                    float(velocities[1]), observation)
    return observation


def state_joints(state: Sequence[float]) -> Joints:
    """
    Split a state into joint positions and velocities.

    :param state: theta1, theta2, theta1', theta2'.
    """
    theta1, theta2, velocity1, velocity2 = map(float, state)
    return Joints((theta1, theta2), (velocity1, velocity2))


def state_of(positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    """
    Put joint positions and velocities together to states.

    :param positions: (..., 2), theta1 and theta2, rad; likewise velocities.
    :return: (..., 4) float64: theta1, theta2, theta1', theta2'.
    """
    return np.concatenate([positions, velocities], axis=-1).astype(np.float64)


def joints_of(observation: np.ndarray) -> Joints:
    """
    Split an observation into joint positions and velocities.

    :param observation: (6,) float32, as :func:`observe` makes it.
    """
    cos1, sin1, cos2, sin2, velocity1, velocity2 = observation.astype(np.float64)
    return Joints((float(np.arctan2(sin1, cos1)), float(np.arctan2(sin2, cos2))),
                  (float(velocity1), float(velocity2)))


def terminated(joints: Joints, physics: AcrobotPhysics) -> bool:
    """Return whether the free end is high enough."""
    return reached(*map(float, joints.positions))


def reward(terminated: bool) -> float:
    """Return what the step is worth that led there."""
    return 0.0 if terminated else -1.0


ACROBOT = Task(
    name='acrobot',
    env_id='rstdp_ros/Acrobot-v0',
    joints=('shoulder', 'elbow'),
    angles=('shoulder', 'elbow'),
    actuated_joint='elbow',
    action_efforts=(-COMMAND, 0.0, COMMAND),
    sizes=(12, 256, 256, 3),
    neuron=Neuron(0.8, 0.8, threshold=1.0, ticks=3),
    max_episode_steps=500,
    max_return=0.0,
    control_period=CONTROL_PERIOD,
    physics=AcrobotPhysics,
    demo_physics={'link_length': 1.4, 'link_mass': 1.4},
    plant_span=PLANT_SPAN,
    observe=observe,
    joints_of=joints_of,
    terminated=terminated,
    reward=reward,
    start_range=START_RANGE,
    start_state=start_state,
    state_joints=state_joints,
    state_of=state_of,
    observation_high=(1.0, 1.0, 1.0, 1.0, MAX_VELOCITY_1, MAX_VELOCITY_2),
    observation_scale=(1.2, 1.8, 1.3, 1.5, 0.5, 0.34),
    advance=step,
    run_batch=run_batch,
    run_efforts=drive,
    sketch=SKETCH,
    unknowns=UNKNOWNS,
)
