"""The returns that an identified plant predicts for a network that played on the robot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.twin.identified import Identified

PLANTS = 200
# The quantiles between which returns are predicted to lie.
INTERVAL = (0.025, 0.975)


class PredictedReturn(NamedTuple):
    """
    The return of an episode, and its prediction.

    :param recorded: what the robot returned.
    :param predicted: mean over plants consistent with the data; 95 % of them return low to high.
    """

    recorded: float
    predicted: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the recorded return is within the predicted 95 %."""
        return self.low <= self.recorded <= self.high


def predict_return(identified: Identified, network: SpikingQNetwork, start: Joints,
                   recorded: float) -> PredictedReturn:
    """
    Play an episode in plants consistent with the data, from where it began on the robot.

    :param start: the first sensor values; their noise is accounted for by drawing it here.
    """
    task, generator = identified.prior.task, np.random.default_rng(0)
    plants = identified.plants(PLANTS, generator)
    shown = task.robot.states(*map(np.asarray, start))
    shown = shown + identified.noise * generator.normal(size=(PLANTS, len(shown)))
    factors, offsets = np.array([plant.sensors() for plant in plants]).reshape(
        PLANTS, 2, -1).transpose(1, 0, 2)
    returns = task.returns_from(network, (shown - offsets) / factors, plants)
    return PredictedReturn(recorded, float(returns.mean()),
                           *np.quantile(returns, INTERVAL).tolist())
