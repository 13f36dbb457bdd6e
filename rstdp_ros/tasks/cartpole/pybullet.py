"""The cart-pole's physics in PyBullet."""

from __future__ import annotations

from dataclasses import dataclass

from rstdp_ros.support.parameters import NEXT_STEP, parameter
from rstdp_ros.tasks.cartpole.physics import CartPolePhysics, NOMINAL_EFFORT
from rstdp_ros.tasks.pybullet.physics import derived_parameters, PyBulletPhysics, simulated
from rstdp_ros.tasks.urdf import Link


@dataclass(frozen=True)
class CartPoleInPyBullet(PyBulletPhysics, CartPolePhysics):
    """The plant's parameters; the defaults are Gymnasium's, without friction."""

    derived_parameters: str = derived_parameters()
    pole_moi: float = parameter(
        0.0, 'Moment of inertia of the pole about its centre of mass; 0: that of a uniform thin '
        'rod.', unit='kg m^2', minimum=0.0, maximum=1000.0, effect=NEXT_STEP)

    def links(self) -> dict[str, Link]:
        """Describe cart and pole for the URDF."""
        links = super().links()
        if self.pole_moi:
            links['pole'] = links['pole']._replace(moi=self.pole_moi)
        return links

    def exerted(self, command: float) -> float:
        """Return the force on the cart that a command leads to, N."""
        return command / NOMINAL_EFFORT * self.force_magnitude


IN_PYBULLET = simulated('rstdp_ros/PyBulletCartPole-v0', CartPoleInPyBullet)
