"""
Acrobot dynamics: the equations, the tunable constants and where an episode ends.

The equations are those of Sutton and Barto, "Reinforcement Learning: An Introduction", example
11.3 of the first edition (Gymnasium calls them "book"), integrated by one step of fourth-order
Runge-Kutta as Gymnasium's ``Acrobot`` does. State is (theta1 rad, theta2 rad, theta1' rad/s,
theta2' rad/s); theta1 is 0 hanging, theta2 is 0 when the second link continues the first.

Friction acts as a torque on each joint: at the shoulder, and between the links at the elbow.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import NEXT_STEP, parameter
from rstdp_ros.tasks.actuator import actuator_delay, actuator_of, dead_zone
from rstdp_ros.tasks.resistance import damping, friction, resistance
from rstdp_ros.tasks.sensors import factor, offset
from rstdp_ros.tasks.urdf import Dynamics, Link

CONTROL_PERIOD = 0.2
MAX_VELOCITY_1 = 4 * math.pi
MAX_VELOCITY_2 = 9 * math.pi
# The command, N m, for which the plant exerts ``torque_magnitude``.
NOMINAL_EFFORT = 1.0
# Friction is full from this speed on, rad/s: a few hundredths of usual speeds.
FULL_FRICTION = 0.2
# Beyond this many rad, wrapping turn by turn as Gymnasium does would take too long.
MANY_TURNS = 1000.0


@dataclass(frozen=True)
class AcrobotPhysics:
    """The plant's parameters, shared by both links; the defaults are Gymnasium's."""

    link_length: float = parameter(
        1.0, 'Length of each link.', unit='m', minimum=0.05, maximum=10.0, effect=NEXT_STEP)
    link_mass: float = parameter(
        1.0, 'Mass of each link.', unit='kg', minimum=0.01, maximum=100.0, effect=NEXT_STEP)
    link_moi: float = parameter(
        1.0, 'Moment of inertia of each link about its centre of mass.', unit='kg m^2',
        minimum=0.01, maximum=100.0, effect=NEXT_STEP)
    torque_magnitude: float = parameter(
        1.0, 'Torque the plant exerts when 1 N m is commanded: the gain of the actuator.',
        unit='N m', minimum=0.0, maximum=100.0, effect=NEXT_STEP)
    gravity: float = parameter(
        9.8, 'Acceleration of free fall.', unit='m/s^2', minimum=0.0, maximum=100.0,
        effect=NEXT_STEP)
    derived_parameters: str = parameter(
        'recomputed', 'recomputed: the centres of mass stay in the middle of the links (correct); '
        "frozen: they stay 0.5 m from the joints, as in the paper's experiments, which changed "
        'single attributes of the environment.', choices=('recomputed', 'frozen'),
        effect=NEXT_STEP)
    shoulder_damping: float = damping('the shoulder', 'N m s/rad')
    shoulder_friction: float = friction('the shoulder', 'N m')
    elbow_damping: float = damping('the elbow', 'N m s/rad')
    elbow_friction: float = friction('the elbow', 'N m')
    actuator_delay: float = actuator_delay()
    dead_zone: float = dead_zone('N m')
    shoulder_position_factor: float = factor('angle of the shoulder')
    shoulder_velocity_factor: float = factor('angular velocity of the shoulder')
    elbow_position_factor: float = factor('angle of the elbow')
    elbow_velocity_factor: float = factor('angular velocity of the elbow')
    shoulder_position_offset: float = offset('angle of the shoulder', 'rad')
    shoulder_velocity_offset: float = offset('angular velocity of the shoulder', 'rad/s')
    elbow_position_offset: float = offset('angle of the elbow', 'rad')
    elbow_velocity_offset: float = offset('angular velocity of the elbow', 'rad/s')

    def constants(self) -> tuple[float, ...]:
        """
        Return what the equations need, derived fields included.

        :return: gravity, length, distance of the centre of mass, mass, moment of inertia, torque,
            damping and friction of the shoulder, damping and friction of the elbow.
        """
        origin = self if self.derived_parameters == 'recomputed' else AcrobotPhysics()
        return (self.gravity, self.link_length, origin.link_length / 2.0, self.link_mass,
                self.link_moi, self.torque_magnitude, self.shoulder_damping,
                self.shoulder_friction, self.elbow_damping, self.elbow_friction)

    def actuator(self) -> tuple[float, float]:
        """Return delay in control periods and dead zone, N m."""
        return actuator_of(self, CONTROL_PERIOD)

    def sensors(self) -> tuple[float, ...]:
        """Return the factors of theta1, theta2, theta1' and theta2', then their offsets."""
        return (self.shoulder_position_factor, self.elbow_position_factor,
                self.shoulder_velocity_factor, self.elbow_velocity_factor,
                self.shoulder_position_offset, self.elbow_position_offset,
                self.shoulder_velocity_offset, self.elbow_velocity_offset)

    def links(self) -> dict[str, Link]:
        """Describe both links, which hang from their joints, for the URDF."""
        _, length, com, mass, moi = self.constants()[:5]
        return dict.fromkeys(('upper_link', 'lower_link'), Link(mass, moi, -length, -com))

    def joint_dynamics(self) -> dict[str, Dynamics]:
        """Describe what resists each joint's motion."""
        return {'shoulder': Dynamics(self.shoulder_damping, self.shoulder_friction),
                'elbow': Dynamics(self.elbow_damping, self.elbow_friction)}


@compiled()
def accelerations(theta1, theta2, velocity1, velocity2, torque, constants):
    """
    Return theta1'' and theta2'', rad/s^2.

    :param torque: of the motor between the links, N m.
    """
    (g, length, com, mass, moi, _,
     shoulder_damping, shoulder_friction, elbow_damping, elbow_friction) = constants
    # The generalised torques of the joints.
    torque1 = 0.0 - resistance(velocity1, shoulder_damping, shoulder_friction, FULL_FRICTION)
    torque2 = torque - resistance(velocity2, elbow_damping, elbow_friction, FULL_FRICTION)
    inertia = mass * com**2
    coupling = mass * length * com
    sin2, cos2 = math.sin(theta2), math.cos(theta2)
    d1 = inertia + mass * (length**2 + com**2 + 2 * length * com * cos2) + moi + moi
    d2 = mass * (com**2 + length * com * cos2) + moi
    phi2 = mass * com * g * math.cos(theta1 + theta2 - math.pi / 2.0)
    phi1 = (-coupling * velocity2**2 * sin2 - 2 * coupling * velocity2 * velocity1 * sin2
            + (mass * com + mass * length) * g * math.cos(theta1 - math.pi / 2) + phi2)
    phi1 -= torque1
    acceleration2 = ((torque2 + d2 / d1 * phi1 - coupling * velocity1**2 * sin2 - phi2)
                     / (inertia + moi - d2**2 / d1))
    return -(d2 * acceleration2 + phi1) / d1, acceleration2


@compiled()
def step(state, effort, constants):
    """
    Advance the acrobot by one control period.

    :param state: theta1, theta2, theta1', theta2'.
    :param effort: what the actuator exerts, in N m as commanded; the plant exerts
        ``torque_magnitude`` for each of them.
    :param constants: from :meth:`AcrobotPhysics.constants`.
    :return: the next state.
    """
    theta1, theta2, velocity1, velocity2 = state
    torque = effort / NOMINAL_EFFORT * constants[5]
    h = CONTROL_PERIOD
    a1, b1 = accelerations(theta1, theta2, velocity1, velocity2, torque, constants)
    v2, w2 = velocity1 + h / 2 * a1, velocity2 + h / 2 * b1
    a2, b2 = accelerations(theta1 + h / 2 * velocity1, theta2 + h / 2 * velocity2, v2, w2, torque,
                           constants)
    v3, w3 = velocity1 + h / 2 * a2, velocity2 + h / 2 * b2
    a3, b3 = accelerations(theta1 + h / 2 * v2, theta2 + h / 2 * w2, v3, w3, torque, constants)
    v4, w4 = velocity1 + h * a3, velocity2 + h * b3
    a4, b4 = accelerations(theta1 + h * v3, theta2 + h * w3, v4, w4, torque, constants)
    theta1 = wrapped(theta1 + h / 6 * (velocity1 + 2 * v2 + 2 * v3 + v4))
    theta2 = wrapped(theta2 + h / 6 * (velocity2 + 2 * w2 + 2 * w3 + w4))
    velocity1 = clipped(velocity1 + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), MAX_VELOCITY_1)
    velocity2 = clipped(velocity2 + h / 6 * (b1 + 2 * b2 + 2 * b3 + b4), MAX_VELOCITY_2)
    return theta1, theta2, velocity1, velocity2


@compiled()
def reached(state, constants):
    """Return whether the free end is more than one link above the base, whatever the length."""
    theta1, theta2, _, _ = state
    return -math.cos(theta1) - math.cos(theta2 + theta1) > 1.0


@compiled()
def wrapped(angle):
    """Return the angle within [-pi, pi], turn by turn as Gymnasium does."""
    if abs(angle) > MANY_TURNS:
        angle -= 2 * math.pi * math.floor(angle / (2 * math.pi))
    while angle > math.pi:
        angle -= 2 * math.pi
    while angle < -math.pi:
        angle += 2 * math.pi
    return angle


@compiled()
def clipped(value, limit):
    """Return the value within [-limit, limit]."""
    return min(max(value, -limit), limit)


@compiled()
def reward(state, effort, end):
    """Return what a step is worth: each costs as much, but for the one that gets there."""
    return 0.0 if end else -1.0


@compiled()
def observe(shown, observation):
    """
    Write what the policy sees.

    :param shown: (4,) float64: theta1, theta2, theta1', theta2'.
    :param observation: (6,) float32, overwritten: cos theta1, sin theta1, cos theta2, sin theta2,
        theta1', theta2'.
    """
    for i in range(2):
        observation[2 * i], observation[2 * i + 1] = math.cos(shown[i]), math.sin(shown[i])
        observation[4 + i] = shown[2 + i]
