"""
Cart-pole dynamics: the equations, the tunable constants and where an episode ends.

The equations are those of Florian (2007), "Correct equations for the dynamics of the cart-pole
system", integrated by explicit Euler as Gymnasium's ``CartPole`` does. State is (x m, x' m/s,
theta rad, theta' rad/s); theta is 0 upright and positive towards +x.

Friction acts on the joints: a force on the cart and a torque at the pivot, which enters Florian's
equation of theta'' divided by m l. Florian lets the cart's friction grow with the weight that
bears on the track; here it is a force of its own.
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

CONTROL_PERIOD = 0.02
POSITION_LIMIT = 2.4
# The command, N, for which the plant exerts ``force_magnitude``.
NOMINAL_EFFORT = 10.0
# Friction is full from this speed on, m/s or rad/s: a few hundredths of usual speeds.
FULL_FRICTION = 0.05


@dataclass(frozen=True)
class CartPolePhysics:
    """The plant's parameters; the defaults are Gymnasium's."""

    pole_half_length: float = parameter(
        0.5, 'Half the length of the pole: pivot to centre of mass.', unit='m',
        minimum=0.01, maximum=10.0, effect=NEXT_STEP)
    pole_mass: float = parameter(
        0.1, 'Mass of the pole.', unit='kg', minimum=0.001, maximum=100.0, effect=NEXT_STEP)
    cart_mass: float = parameter(
        1.0, 'Mass of the cart.', unit='kg', minimum=0.01, maximum=100.0, effect=NEXT_STEP)
    force_magnitude: float = parameter(
        10.0, 'Force the plant exerts when 10 N are commanded: the gain of the actuator.',
        unit='N', minimum=0.0, maximum=1000.0, effect=NEXT_STEP)
    gravity: float = parameter(
        9.8, 'Acceleration of free fall.', unit='m/s^2', minimum=0.0, maximum=100.0,
        effect=NEXT_STEP)
    angle_limit: float = parameter(
        12 * 2 * math.pi / 360, 'The episode ends when the pole leans further.', unit='rad',
        minimum=0.01, maximum=math.pi / 2, effect=NEXT_STEP)
    derived_parameters: str = parameter(
        'recomputed', 'recomputed: total mass and pole moment follow the parameters (correct); '
        "frozen: they keep their defaults, as in the paper's experiments, which changed single "
        'attributes of the environment.', choices=('recomputed', 'frozen'), effect=NEXT_STEP)
    cart_damping: float = damping('the cart', 'N s/m')
    cart_friction: float = friction('the cart', 'N')
    pole_damping: float = damping('the pole', 'N m s/rad')
    pole_friction: float = friction('the pole', 'N m')
    actuator_delay: float = actuator_delay()
    dead_zone: float = dead_zone('N')
    cart_position_factor: float = factor('position of the cart')
    cart_velocity_factor: float = factor('velocity of the cart')
    pole_position_factor: float = factor('angle of the pole')
    pole_velocity_factor: float = factor('angular velocity of the pole')
    cart_position_offset: float = offset('position of the cart', 'm')
    cart_velocity_offset: float = offset('velocity of the cart', 'm/s')
    pole_position_offset: float = offset('angle of the pole', 'rad')
    pole_velocity_offset: float = offset('angular velocity of the pole', 'rad/s')

    def constants(self) -> tuple[float, ...]:
        """
        Return what the equations need, derived fields included.

        :return: gravity, pole mass, total mass, half-length, mass times half-length, force,
            angle limit, damping and friction of the cart, damping and friction of the pole.
        """
        origin = self if self.derived_parameters == 'recomputed' else CartPolePhysics()
        return (self.gravity, self.pole_mass, origin.pole_mass + origin.cart_mass,
                self.pole_half_length, origin.pole_mass * origin.pole_half_length,
                self.force_magnitude, self.angle_limit, self.cart_damping, self.cart_friction,
                self.pole_damping, self.pole_friction)

    def actuator(self) -> tuple[float, float]:
        """Return delay in control periods and dead zone, N."""
        return actuator_of(self, CONTROL_PERIOD)

    def sensors(self) -> tuple[float, ...]:
        """Return the factors of x, x', theta and theta', then their offsets."""
        return (self.cart_position_factor, self.cart_velocity_factor,
                self.pole_position_factor, self.pole_velocity_factor,
                self.cart_position_offset, self.cart_velocity_offset,
                self.pole_position_offset, self.pole_velocity_offset)

    def links(self) -> dict[str, Link]:
        """Describe cart and pole, a uniform thin rod, for the URDF."""
        half = self.pole_half_length
        return {'cart': Link(self.cart_mass),
                'pole': Link(self.pole_mass, self.pole_mass * half**2 / 3.0, 2.0 * half, half)}

    def joint_dynamics(self) -> dict[str, Dynamics]:
        """Describe what resists each joint's motion."""
        return {'slider_to_cart': Dynamics(self.cart_damping, self.cart_friction),
                'cart_to_pole': Dynamics(self.pole_damping, self.pole_friction)}


@compiled()
def accelerations(x_dot, theta, theta_dot, force, constants):
    """
    Return x'' m/s^2 and theta'' rad/s^2.

    :param force: on the cart, N.
    """
    (gravity, pole_mass, total_mass, half_length, pole_moment, _, _,
     cart_damping, cart_friction, pole_damping, pole_friction) = constants
    cos, sin = math.cos(theta), math.sin(theta)
    track = resistance(x_dot, cart_damping, cart_friction, FULL_FRICTION)
    pivot = resistance(theta_dot, pole_damping, pole_friction, FULL_FRICTION)
    temp = (force - track + pole_moment * (theta_dot * theta_dot) * sin) / total_mass
    theta_acc = (gravity * sin - cos * temp - pivot / pole_moment) / (
        half_length * (4.0 / 3.0 - pole_mass * (cos * cos) / total_mass))
    return temp - pole_moment * theta_acc * cos / total_mass, theta_acc


@compiled()
def step(state, effort, constants):
    """
    Advance the cart-pole by one control period.

    :param state: x, x', theta, theta'.
    :param effort: what the actuator exerts, in N as commanded; the plant exerts
        ``force_magnitude`` for every 10 N.
    :param constants: from :meth:`CartPolePhysics.constants`.
    :return: the next state.
    """
    x, x_dot, theta, theta_dot = state
    x_acc, theta_acc = accelerations(
        x_dot, theta, theta_dot, effort / NOMINAL_EFFORT * constants[5], constants)
    x, x_dot = x + CONTROL_PERIOD * x_dot, x_dot + CONTROL_PERIOD * x_acc
    theta, theta_dot = theta + CONTROL_PERIOD * theta_dot, theta_dot + CONTROL_PERIOD * theta_acc
    return x, x_dot, theta, theta_dot


@compiled()
def failed(state, constants):
    """Return whether the cart is off the track or the pole leans too far."""
    x, _, theta, _ = state
    limit = constants[6]
    # Written so that a state that is not finite ends the episode too.
    return not ((-POSITION_LIMIT <= x <= POSITION_LIMIT) and (-limit <= theta <= limit))


@compiled()
def reward(state, effort, end):
    """Return what a step is worth: every one the same."""
    return 1.0


@compiled()
def observe(shown, observation):
    """
    Write what the policy sees: the state.

    :param shown: (4,) float64; observation (4,) float32, overwritten.
    """
    observation[0], observation[1] = shown[0], shown[1]
    observation[2], observation[3] = shown[2], shown[3]
