"""The acrobot as a :class:`Task`."""


import numpy as np

from rstdp_ros.snn import Neuron
from rstdp_ros.tasks.acrobot.machine import MACHINE
from rstdp_ros.tasks.acrobot.physics import (
    AcrobotPhysics,
    CONTROL_PERIOD,
    MAX_VELOCITY_1,
    MAX_VELOCITY_2,
    NOMINAL_EFFORT,
    observe,
    reached,
    reward,
    step,
)
from rstdp_ros.tasks.acrobot.pybullet import IN_PYBULLET
from rstdp_ros.tasks.acrobot.rule import RULE
from rstdp_ros.tasks.acrobot.sketch import SKETCH
from rstdp_ros.tasks.acrobot.training import TRAINING
from rstdp_ros.tasks.acrobot.unknowns import UNKNOWNS
from rstdp_ros.tasks.interface import Joints, RobotInterface, Shape
from rstdp_ros.tasks.reward import Reward
from rstdp_ros.tasks.task import Task

START_RANGE = 0.1
# The span of the normal and extreme ranges in Table 2 of Akl et al. (2022).
PLANT_SPAN = dict.fromkeys(('link_length', 'link_mass', 'link_moi'), (0.5, 1.5))


def start_state(generator: np.random.Generator) -> np.ndarray:
    """Draw a start as Gymnasium's Acrobot does: (4,) float64 of float32 values within 0.1."""
    start = generator.uniform(-START_RANGE, START_RANGE, size=4)
    return start.astype(np.float32).astype(np.float64)


def joints_of(observation: np.ndarray) -> Joints:
    """
    Split an observation into joint positions and velocities.

    :param observation: (6,) float32, as :func:`observe` makes it.
    """
    cos1, sin1, cos2, sin2, velocity1, velocity2 = observation.astype(np.float64)
    return Joints((float(np.arctan2(sin1, cos1)), float(np.arctan2(sin2, cos2))),
                  (float(velocity1), float(velocity2)))


ACROBOT = Task(
    name='acrobot',
    env_id='rstdp_ros/Acrobot-v0',
    robot=RobotInterface(
        joints=('shoulder', 'elbow'),
        angles=('shoulder', 'elbow'),
        actuated_joint='elbow',
        control_period=CONTROL_PERIOD,
        efforts=(-NOMINAL_EFFORT, 0.0, NOMINAL_EFFORT),
        layout=(0, 1, 2, 3),
        observe=observe,
        joints_of=joints_of,
        observation_high=(1.0, 1.0, 1.0, 1.0, MAX_VELOCITY_1, MAX_VELOCITY_2),
        observation_scale=(1.2, 1.8, 1.3, 1.5, 0.5, 0.34)),
    network=Shape((12, 256, 256, 3), Neuron(0.8, 0.8, threshold=1.0, ticks=3)),
    physics=AcrobotPhysics,
    step=step,
    ended=reached,
    reward=Reward(reward, usual=(-1.0, -1.0), last=(0.0, 0.0), best=0.0),
    max_episode_steps=500,
    start_range=START_RANGE,
    start_state=start_state,
    sketch=SKETCH,
    simulated={'pybullet': IN_PYBULLET},
    machine=MACHINE,
    rule=RULE,
    training=TRAINING,
    demo_physics={'link_length': 1.4, 'link_mass': 1.4},
    plant_span=PLANT_SPAN,
    unknowns=UNKNOWNS,
)
