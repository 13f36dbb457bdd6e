"""
A rod that hangs from a motor too weak to lift it: Gymnasium's ``Pendulum-v1``, tunable.

State is (theta rad, theta' rad/s); theta is 0 upright. The equations are integrated by the
semi-implicit Euler method, as Gymnasium does.
"""

from dataclasses import dataclass
import math

from rstdp_ros.snn.kernels import greedy
from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import NEXT_STEP, parameter
from rstdp_ros.tasks.actuator import actuator_delay, actuator_of, dead_zone

CONTROL_PERIOD = 0.05
MAX_TORQUE, MAX_SPEED = 2.0, 8.0


@dataclass(frozen=True)
class PendulumPhysics:
    """The plant's parameters; the defaults are Gymnasium's."""

    mass: float = parameter(
        1.0, 'Mass of the rod.', unit='kg', minimum=0.01, maximum=100.0, effect=NEXT_STEP)
    length: float = parameter(
        1.0, 'Length of the rod.', unit='m', minimum=0.05, maximum=10.0, effect=NEXT_STEP)
    gravity: float = parameter(
        10.0, 'Acceleration of free fall.', unit='m/s^2', minimum=0.0, maximum=100.0,
        effect=NEXT_STEP)
    torque_magnitude: float = parameter(
        2.0, 'Torque the plant exerts when 2 N m are commanded: the gain of the actuator.',
        unit='N m', minimum=0.0, maximum=100.0, effect=NEXT_STEP)
    actuator_delay: float = actuator_delay()
    dead_zone: float = dead_zone('N m')

    def constants(self):
        """Return what the equations need."""
        return self.mass, self.length, self.gravity, self.torque_magnitude

    def actuator(self):
        """Return delay in control periods and dead zone, N m."""
        return actuator_of(self, CONTROL_PERIOD)

    def sensors(self):
        """Return the factors of theta and theta', then their offsets: the sensors are perfect."""
        return 1.0, 1.0, 0.0, 0.0


@compiled()
def step(state, effort, constants):
    """Advance the pendulum by one control period; see :func:`rstdp_ros.tasks.episodes.step`."""
    theta, speed = state
    mass, length, gravity, magnitude = constants
    torque = effort / MAX_TORQUE * magnitude
    speed += (3.0 * gravity / (2.0 * length) * math.sin(theta)
              + 3.0 / (mass * length**2) * torque) * CONTROL_PERIOD
    speed = min(max(speed, -MAX_SPEED), MAX_SPEED)
    return theta + speed * CONTROL_PERIOD, speed


@compiled()
def ended(state, constants):
    """Return whether the episode is over: never before its time."""
    return False


@compiled()
def reward(state, effort, end):
    """Return what a step costs: how far from upright, how fast, and by how much effort."""
    theta, speed = state
    away = (theta + math.pi) % (2.0 * math.pi) - math.pi
    return -(away**2 + 0.1 * speed**2 + 0.001 * effort**2)


@compiled()
def observe(shown, observation):
    """Write cos theta, sin theta and theta', (3,) float32."""
    observation[0], observation[1] = math.cos(shown[0]), math.sin(shown[0])
    observation[2] = shown[1]


@compiled()
def between(q_values, efforts):
    """Return the effort where the parabola through the best Q-value and its neighbours peaks."""
    best = greedy(q_values)
    if best == 0 or best == q_values.size - 1:
        return efforts[best]
    left, top, right = (float(q_values[best - 1]), float(q_values[best]),
                        float(q_values[best + 1]))
    bend = left - 2.0 * top + right
    if bend >= 0.0:
        return efforts[best]
    return efforts[best] + 0.5 * (left - right) / bend * (efforts[best + 1] - efforts[best])
