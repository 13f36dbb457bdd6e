"""The tunable cart-pole as a Gymnasium environment."""

import numpy as np

from rstdp_ros.tasks.cartpole.physics import step
from rstdp_ros.tasks.cartpole.task import CARTPOLE, joints_of
from rstdp_ros.tasks.env import TunableEnv
from rstdp_ros.tasks.task import Joints


class CartPoleEnv(TunableEnv):
    """
    Gymnasium's CartPole with every constant tunable, also between two steps.

    Observation (4,) float32: x m, x' m/s, theta rad, theta' rad/s. Actions 0 and 1 command -10 N
    and +10 N. Reward +1 per step, the last one included.
    """

    task = CARTPOLE
    advance = staticmethod(step)
    observation_high = (np.inf,) * 4

    @property
    def joints(self) -> Joints:
        """Slider (m, m/s) and pole (rad, rad/s)."""
        return joints_of(self.state)
