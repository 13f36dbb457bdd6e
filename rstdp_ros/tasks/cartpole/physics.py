"""
Cart-pole dynamics: the equations, the tunable constants and where an episode ends.

The equations are those of Florian (2007), "Correct equations for the dynamics of the cart-pole
system", without friction, integrated by explicit Euler as Gymnasium's ``CartPole`` does. State is
(x m, x' m/s, theta rad, theta' rad/s); theta is 0 upright and positive towards +x.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from rstdp_ros.compiling import compiled
from rstdp_ros.parameters import parameter
from rstdp_ros.tasks.urdf import Dynamics, Link

CONTROL_PERIOD = 0.02
POSITION_LIMIT = 2.4
COMMAND = 10.0
NEXT_STEP = 'next step'


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

    def constants(self) -> tuple[float, ...]:
        """
        Return what the equations need, derived fields included.

        :return: gravity, pole mass, total mass, half-length, mass times half-length, force,
            angle limit.
        """
        origin = self if self.derived_parameters == 'recomputed' else CartPolePhysics()
        return (self.gravity, self.pole_mass, origin.pole_mass + origin.cart_mass,
                self.pole_half_length, origin.pole_mass * origin.pole_half_length,
                self.force_magnitude, self.angle_limit)

    def links(self) -> dict[str, Link]:
        """Describe cart and pole, a uniform thin rod, for the URDF."""
        half = self.pole_half_length
        return {'cart': Link(self.cart_mass),
                'pole': Link(self.pole_mass, self.pole_mass * half**2 / 3.0, 2.0 * half, half)}

    def joint_dynamics(self) -> dict[str, Dynamics]:
        """Describe what resists each joint's motion: nothing."""
        return {}


@compiled()
def accelerations(theta, theta_dot, force, constants):
    """
    Return x'' m/s^2 and theta'' rad/s^2.

    :param force: on the cart, N.
    """
    gravity, pole_mass, total_mass, half_length, pole_moment, _, _ = constants
    cos, sin = math.cos(theta), math.sin(theta)
    temp = (force + pole_moment * (theta_dot * theta_dot) * sin) / total_mass
    theta_acc = (gravity * sin - cos * temp) / (
        half_length * (4.0 / 3.0 - pole_mass * (cos * cos) / total_mass))
    return temp - pole_moment * theta_acc * cos / total_mass, theta_acc


@compiled()
def step(x, x_dot, theta, theta_dot, effort, constants):
    """
    Advance the cart-pole by one control period.

    :param effort: commanded force, N; the plant exerts ``force_magnitude`` for every 10 N.
    :param constants: from :meth:`CartPolePhysics.constants`.
    :return: x, x_dot, theta, theta_dot, terminated.
    """
    magnitude, limit = constants[5:]
    x_acc, theta_acc = accelerations(theta, theta_dot, effort / COMMAND * magnitude, constants)
    x, x_dot = x + CONTROL_PERIOD * x_dot, x_dot + CONTROL_PERIOD * x_acc
    theta, theta_dot = theta + CONTROL_PERIOD * theta_dot, theta_dot + CONTROL_PERIOD * theta_acc
    return x, x_dot, theta, theta_dot, failed(x, theta, limit)


@compiled()
def failed(x, theta, limit):
    """Return whether the cart is off the track or the pole leans too far."""
    # Written so that a state that is not finite ends the episode too.
    return not ((-POSITION_LIMIT <= x <= POSITION_LIMIT) and (-limit <= theta <= limit))
