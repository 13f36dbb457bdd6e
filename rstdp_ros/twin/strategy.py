"""The strategy ``twin``: identify the plant, find gains in its twin, prove them there, deploy."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from rstdp_ros.parameters import parameter
from rstdp_ros.plasticity.parameters import NEXT_EPISODE
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.tasks import get_task
from rstdp_ros.trajectory import Trajectory
from rstdp_ros.twin.identification import Identified, identify
from rstdp_ros.twin.search import best_gains, Budget, returns


@dataclass(frozen=True)
class TwinParameters:
    """How much to try in the twin between two episodes."""

    generations: int = parameter(
        8, 'Rounds of the search.', minimum=1, maximum=1000, effect=NEXT_EPISODE)
    candidates: int = parameter(
        20, 'Vectors of gains that a round tries.', minimum=5, maximum=10_000,
        effect=NEXT_EPISODE)
    starts: int = parameter(
        24, 'Starts that each of them plays.', minimum=1, maximum=10_000, effect=NEXT_EPISODE)
    reach: float = parameter(
        0.6, 'Standard deviation of the log gains in the first round.', minimum=0.01,
        maximum=3.0, effect=NEXT_EPISODE)
    max_log_gain: float = parameter(
        3.0, 'Largest magnitude of a log gain.', minimum=0.1, maximum=10.0, effect=NEXT_EPISODE)
    validation_starts: int = parameter(
        300, 'Fresh starts on which a network must be better than the present one.', minimum=10,
        maximum=100_000, effect=NEXT_EPISODE)
    steps_kept: int = parameter(
        400, 'Control steps, the latest, from which the plant is identified.', unit='steps',
        minimum=10, maximum=100_000, effect=NEXT_EPISODE)


class Twin(Strategy):
    """
    Learn in a model of the robot that its own episodes made.

    After every episode the plant is identified from all that was kept, gains are searched in the
    plants that the data allow, and the best network plays and is deployed if it is better there,
    from starts that served for nothing else, than the one that runs.
    """

    name = 'twin'
    Parameters = TwinParameters
    plastic = (0,)
    rescaled = (0,)
    default_guard = 'none'
    draws = True
    needs_trajectory = True

    def __init__(self, network: SpikingQNetwork, parameters: Any = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.task = get_task(network.task)
        self.log_gains = np.zeros(network.observation_size)
        self.episode = 0
        self.kept: list[Trajectory] = []
        self.identified: Identified | None = None

    @classmethod
    def preset(cls, name: str, task: str) -> TwinParameters:
        """Return the defaults: there is one preset."""
        return TwinParameters()

    def propose(self, shown: Shown) -> Proposal:
        """Identify, search, prove."""
        generator = np.random.default_rng((self.seed, self.episode))
        self.episode += 1
        self._keep(shown.trajectory)
        self.identified = identify(self.task, self.kept, self.identified)
        plants = self._plants(generator)
        own = self.parameters
        budget = Budget(own.generations, own.candidates, own.starts, reach=own.reach)
        found = best_gains(self.task, self.initial, self.log_gains, plants, generator, budget,
                           own.max_log_gain)
        challenger = with_gains(self.initial, found)
        if self._better(challenger, shown.network, plants, generator):
            self.log_gains = found
            return Proposal(challenger.weights, 'better in the twin')
        return Proposal(shown.network.weights)

    def _keep(self, trajectory: Trajectory) -> None:
        self.kept.append(trajectory)
        while sum(len(one.efforts) for one in self.kept[1:]) > self.parameters.steps_kept:
            del self.kept[0]

    def _plants(self, generator: np.random.Generator) -> Any:
        return lambda count: self.identified.plants(count, generator)

    def _better(self, challenger: SpikingQNetwork, present: SpikingQNetwork, plants: Any,
                generator: np.random.Generator) -> bool:
        """Compare by pairs, beyond what chance explains."""
        ours, theirs = returns(self.task, [challenger, present], plants, generator,
                               self.parameters.validation_starts)
        gain = ours - theirs
        return gain.mean() > 2.0 * gain.std() / math.sqrt(len(gain))
