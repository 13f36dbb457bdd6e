"""The pendulum as a task: everything that rstdp_ros has to know about it."""

import math

import numpy as np

from rstdp_pendulum.physics import (
    between,
    CONTROL_PERIOD,
    ended,
    MAX_SPEED,
    MAX_TORQUE,
    observe,
    PendulumPhysics,
    reward,
    step,
)
from rstdp_ros.snn import Neuron
from rstdp_ros.tasks.interface import Joints, RobotInterface, Shape
from rstdp_ros.tasks.reward import Reward
from rstdp_ros.tasks.simulated import Simulated
from rstdp_ros.tasks.sketch import Part, Sketch, View
from rstdp_ros.tasks.task import Task
from rstdp_ros.tasks.training import ONE_PLANT, Settings
from rstdp_ros.tasks.unknown import Unknown

ACTIONS = 9
WORST = -(math.pi**2 + 0.1 * MAX_SPEED**2 + 0.001 * MAX_TORQUE**2)


def start_state(generator):
    """Draw a start as Gymnasium does: (2,) float64, at any angle and slow."""
    high = np.array([math.pi, 1.0])
    return generator.uniform(low=-high, high=high)


def joints_of(observation):
    """Return the pendulum's angle and velocity from cos theta, sin theta and theta'."""
    cos, sin, speed = map(float, observation)
    return Joints((math.atan2(sin, cos),), (speed,))


def view(physics):
    """Return the area that the rod reaches."""
    reach = 1.1 * physics.length
    return View(-reach, reach, -reach, reach)


def parts(joints, physics):
    """Return rod and pivot; theta is positive towards -x, as Gymnasium draws it."""
    theta, length = float(joints.positions[0]), physics.length
    tip = (-length * math.sin(theta), length * math.cos(theta))
    return (Part('link', ((0.0, 0.0), tip)), Part('joint', ((0.0, 0.0),)))


PENDULUM = Task(
    name='pendulum',
    env_id='rstdp_pendulum/Pendulum-v0',
    robot=RobotInterface(
        joints=('pivot',),
        angles=('pivot',),
        actuated_joint='pivot',
        control_period=CONTROL_PERIOD,
        efforts=tuple(np.linspace(-MAX_TORQUE, MAX_TORQUE, ACTIONS).tolist()),
        layout=(0, 1),
        observe=observe,
        joints_of=joints_of,
        observation_high=(1.0, 1.0, MAX_SPEED),
        observation_scale=(1.5, 1.5, 0.4),
        decode=between),
    network=Shape((6, 64, 64, ACTIONS), Neuron(0.8, 0.8, threshold=0.5, ticks=8)),
    physics=PendulumPhysics,
    step=step,
    ended=ended,
    reward=Reward(reward, usual=(WORST, 0.0), last=(WORST, 0.0), best=0.0),
    max_episode_steps=200,
    start_range=math.pi,
    start_state=start_state,
    sketch=Sketch(view, parts),
    # Gymnasium's own, whose physics cannot be changed.
    simulated={'gymnasium': Simulated('Pendulum-v1', PendulumPhysics,
                                      'gymnasium.envs.classic_control:PendulumEnv')},
    training={ONE_PLANT: Settings(episodes=400, discount=0.98, final_learning_rate=1e-4,
                                  steps=80_000, validate_every=10, validation_starts=200,
                                  warm_up_steps=1000, solved_return=0.0)},
    demo_physics={'mass': 1.4, 'length': 1.2},
    unknowns=(Unknown('mass', 'body', 0.7, True), Unknown('length', 'body', 0.7, True),
              Unknown('torque_magnitude', 'body', 0.7, True),
              Unknown('actuator_delay', 'delay', 0.1)))
