"""Search for the parameters with which a strategy learns fastest on simulated plants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.experiments.study import SEED_STRIDE
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import Parameter, table
from rstdp_ros.tasks import Task

# Starts on which a deployed network is measured.
STARTS = 50
# From this ratio of its ends on, a range is searched on a logarithmic scale.
WIDE = 10.0


@dataclass(frozen=True)
class Range:
    """The values of a parameter among which to search."""

    low: float
    high: float

    @classmethod
    def parse(cls, text: str, known: Parameter) -> Range:
        """
        Read ``LOW:HIGH``.

        :raises RstdpError: not a range of that parameter.
        """
        if type(known.default) not in (int, float):
            raise RstdpError(f'{known.name} is not a number, so it cannot be varied')
        low, colon, high = text.partition(':')
        if not colon:
            raise RstdpError(f'--vary {known.name}={text}: expected {known.name}=LOW:HIGH')
        ends = float(known.parse(low)), float(known.parse(high))
        if ends[0] >= ends[1]:
            raise RstdpError(f'--vary {known.name}={text}: LOW is not below HIGH')
        return cls(*ends)

    @property
    def logarithmic(self) -> bool:
        """Whether it is searched on a logarithmic scale."""
        return self.low > 0.0 and self.high >= WIDE * self.low


@dataclass(frozen=True)
class Tuning:
    """
    What is to be tuned, and how it is judged.

    :param strategy: its name.
    :param fixed: values of its parameters that stay.
    :param ranges: those that vary.
    :param episodes: numbers of real episodes after which the deployed network is measured.
    :param plants: number of plants; each network learns on each.
    """

    task: Task
    networks: Sequence[SpikingQNetwork]
    strategy: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    episodes: Sequence[int] = (25, 50)
    plants: int = 12

    def recipe(self, values: Mapping[str, Any], seed: int) -> Recipe:
        """
        Return the recipe of a run.

        :raises RstdpError: values that do not fit.
        """
        recipe = Recipe.of(self.task.name, seed, self.strategy)
        return recipe.with_values({**self.fixed, **values})

    def scores(self, values: Mapping[str, Any], first: int) -> np.ndarray:
        """
        Return the mean return of deployed networks, on plants that belong to seeds.

        :param first: the seed of the first plant.
        :return: (plants,) float64: mean over networks and numbers of episodes.
        """
        return np.array([np.mean([self._score(values, plant, k, first + i)
                                  for k in range(len(self.networks))])
                         for i, plant in enumerate(self._plants(first))])

    def _plants(self, first: int) -> list[Any]:
        return [self.task.random_plant(seed) for seed in seeds.block(first, self.plants)]

    def _score(self, values: Mapping[str, Any], plant: Any, number: int, seed: int) -> float:
        start = seeds.ADAPTATION + SEED_STRIDE * (seed % 10_000) + number * max(self.episodes)
        learner = Learner(self.networks[number], self.recipe(values, start))
        measured = []
        for episode in range(1, max(self.episodes) + 1):
            learner.learn(*next_episode(self.task, learner, plant))
            if episode in self.episodes:
                measured.append(self.task.returns(
                    learner.deployed, seeds.block(seeds.VALIDATION, STARTS), plant).mean())
        return float(np.mean(measured))


def search(tuning: Tuning, trials: int, storage: str, name: str, seed: int,
           report: Callable[[int, float, Mapping[str, Any]], None]) -> dict[str, Any]:
    """
    Try values; continue the study of that name if the storage has it.

    Several processes, also of several machines, may search at the same time in one storage.

    :param trials: number of further trials.
    :param storage: URL of a database, as Optuna and SQLAlchemy understand it.
    :param seed: of this process's choices.
    :param report: called after a trial, with its number, score and values.
    :return: the best values.
    :raises RstdpError: Optuna is missing, or the storage cannot be used.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise RstdpError('tuning needs Optuna: pip install "rstdp_ros[tune]"') from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: Any) -> float:
        values = {key: trial.suggest_float(key, each.low, each.high, log=each.logarithmic)
                  for key, each in tuning.ranges.items()}
        values = as_declared(tuning, values)
        score = float(tuning.scores(values, seeds.TRAINING).mean())
        report(trial.number, score, values)
        return score
    try:
        study = optuna.create_study(
            storage=storage, study_name=name, load_if_exists=True, direction='maximize',
            sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True))
    except Exception as error:
        raise RstdpError(f'{storage}: cannot be used as a storage ({error})') from None
    study.optimize(objective, n_trials=trials)
    return as_declared(tuning, study.best_params)


def as_declared(tuning: Tuning, values: Mapping[str, float]) -> dict[str, Any]:
    """Return values in the types of their parameters."""
    known = table(type(tuning.recipe({}, 0).parameters))
    return {name: round(value) if type(known[name].default) is int else value
            for name, value in values.items()}
