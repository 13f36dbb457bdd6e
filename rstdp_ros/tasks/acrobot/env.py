"""The tunable acrobot as a Gymnasium environment."""

from rstdp_ros.tasks.acrobot.physics import MAX_VELOCITY_1, MAX_VELOCITY_2, step
from rstdp_ros.tasks.acrobot.task import ACROBOT
from rstdp_ros.tasks.env import TunableEnv
from rstdp_ros.tasks.task import Joints


class AcrobotEnv(TunableEnv):
    """
    Gymnasium's Acrobot with every constant tunable, also between two steps.

    Observation (6,) float32: cos theta1, sin theta1, cos theta2, sin theta2, theta1' rad/s,
    theta2' rad/s. Actions 0, 1 and 2 command -1, 0 and 1 N m. Reward -1 per step, 0 for the one
    that reaches the goal.
    """

    task = ACROBOT
    advance = staticmethod(step)
    observation_high = (1.0, 1.0, 1.0, 1.0, MAX_VELOCITY_1, MAX_VELOCITY_2)

    @property
    def joints(self) -> Joints:
        """Shoulder and elbow, rad and rad/s."""
        return Joints(self.state[:2], self.state[2:])
