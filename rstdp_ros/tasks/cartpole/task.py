"""The cart-pole as a :class:`Task`."""

import math

import numpy as np

from rstdp_ros.snn import Neuron
from rstdp_ros.support.plain import Numbers
from rstdp_ros.tasks.cartpole.machine import MACHINE
from rstdp_ros.tasks.cartpole.physics import (
    CartPolePhysics,
    CONTROL_PERIOD,
    failed,
    NOMINAL_EFFORT,
    observe,
    reward,
    step,
)
from rstdp_ros.tasks.cartpole.pybullet import IN_PYBULLET
from rstdp_ros.tasks.cartpole.rule import RULE
from rstdp_ros.tasks.cartpole.sketch import SKETCH
from rstdp_ros.tasks.cartpole.training import TRAINING
from rstdp_ros.tasks.cartpole.unknowns import UNKNOWNS
from rstdp_ros.tasks.interface import Joints, RobotInterface, Shape
from rstdp_ros.tasks.reward import Reward
from rstdp_ros.tasks.task import Task

START_RANGE = 0.05
# The span of the normal and extreme ranges in Table 2 of Akl et al. (2022).
PLANT_SPAN = {'force_magnitude': (1.0, 20.0), 'pole_half_length': (0.05, 1.0),
              'pole_mass': (0.01, 1.0)}


def start_state(generator: np.random.Generator) -> np.ndarray:
    """Draw a start as Gymnasium's CartPole does: (4,) float64, uniform within 0.05."""
    return generator.uniform(-START_RANGE, START_RANGE, size=4)


def joints_of(observation: Numbers) -> Joints:
    """
    Split an observation or a state into joint positions and velocities.

    :param observation: (4,) numbers: x, x', theta, theta'.
    """
    x, x_dot, theta, theta_dot = observation
    return Joints((float(x), float(theta)), (float(x_dot), float(theta_dot)))


CARTPOLE = Task(
    name='cartpole',
    env_id='rstdp_ros/CartPole-v0',
    robot=RobotInterface(
        joints=('slider_to_cart', 'cart_to_pole'),
        angles=('cart_to_pole',),
        actuated_joint='slider_to_cart',
        control_period=CONTROL_PERIOD,
        efforts=(-NOMINAL_EFFORT, NOMINAL_EFFORT),
        layout=(0, 2, 1, 3),
        observe=observe,
        joints_of=joints_of,
        observation_high=(math.inf,) * 4,
        observation_scale=(4.6, 2.2, 13.0, 1.6)),
    network=Shape((8, 64, 64, 2), Neuron(0.8, 0.8, threshold=0.5, ticks=8)),
    physics=CartPolePhysics,
    step=step,
    ended=failed,
    reward=Reward(reward, usual=(1.0, 1.0), last=(1.0, 1.0), best=200.0),
    max_episode_steps=200,
    start_range=START_RANGE,
    start_state=start_state,
    sketch=SKETCH,
    simulated={'pybullet': IN_PYBULLET},
    machine=MACHINE,
    rule=RULE,
    training=TRAINING,
    demo_physics={'pole_half_length': 0.8, 'pole_mass': 0.3},
    plant_span=PLANT_SPAN,
    unknowns=UNKNOWNS,
)
