"""The methods that the online study compares: our strategies, controls and common alternatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rstdp_ros.drawing import plotting
from rstdp_ros.drawing.plotting import Style
from rstdp_ros.experiments.online.fine_tuning import fine_tuning
from rstdp_ros.experiments.online.known_plant import known_plant
from rstdp_ros.experiments.online.linear import LinearControl
from rstdp_ros.experiments.online.linear_bound import linear_bound
from rstdp_ros.experiments.online.paper import paper
from rstdp_ros.experiments.online.quadratic import quadratic
from rstdp_ros.experiments.online.random_search import random_search
from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork

# Worlds of the episodes, first network, seed -> what is deployed after each of them. Episodes are
# played one by one, from the starts seed, seed + 1, ..., each counted, and only bounds use more of
# a world.
Learn = Callable[[Sequence[World], SpikingQNetwork, int],
                 Iterator[SpikingQNetwork | LinearControl]]
ALL = ('nominal', 'normal', 'extreme', 'hard', 'changed', 'PyBullet', 'stand-in', 'bad stand-in')


@dataclass(frozen=True)
class Method:
    """
    A method of learning.

    :param lengths: number of episodes of a run, by task.
    :param plants: names of its groups of plants.
    :param starts: kinds of networks that it starts with.
    """

    learn: Learn
    style: Style
    lengths: Mapping[str, int]
    plants: Sequence[str] = ALL
    starts: Sequence[str] = ('paper', 'robust')

    def fits(self, task: str, plants: str, start: str) -> bool:
        """Say whether it is part of a comparison."""
        return task in self.lengths and plants in self.plants and start in self.starts


def strategy(worlds: Sequence[World], network: SpikingQNetwork, seed: int, *, name: str,
             **values: Any) -> Iterator[SpikingQNetwork]:
    """
    Learn by a strategy.

    :param values: parameters that differ from their defaults.
    """
    recipe = Recipe.of(network.task, seed, name).with_values(values)
    learner = Learner(network, recipe)
    for world in worlds:
        learner.learn(*world.episode(learner.running, learner.next_seed))
        yield learner.deployed


def nothing(worlds: Sequence[World], network: SpikingQNetwork,
            seed: int) -> Iterator[SpikingQNetwork]:
    """Deploy the first network, whatever its returns."""
    for _ in worlds:
        yield network


EQUATIONS = ALL[:5]
LASTING = ALL[:4]
HARDER = ('extreme', 'hard')
PARTS: Mapping[str, Mapping[str, Any]] = {
    'r-STDP': {'use_rstdp': False}, 'gains': {'use_gains': False}, 'twin': {'use_twin': False}}
METHODS: Mapping[str, Method] = {
    'none': Method(nothing, Style(plotting.BLACK, '_', ':'), {'cartpole': 0, 'acrobot': 0}),
    'rstdp': Method(partial(strategy, name='rstdp'), plotting.STYLES['rstdp'],
                    {'cartpole': 250, 'acrobot': 50}),
    'random': Method(partial(strategy, name='random'), plotting.STYLES['random'],
                     {'cartpole': 250, 'acrobot': 50}, EQUATIONS),
    'gains': Method(partial(strategy, name='gains'), Style(plotting.GREEN, 's'),
                    {'cartpole': 50, 'acrobot': 50}),
    'gains, flat prior': Method(
        partial(strategy, name='gains', prior='flat'), Style(plotting.GREEN, 's', ':'),
        {'cartpole': 50, 'acrobot': 50}, EQUATIONS),
    'perturbation': Method(partial(strategy, name='perturbation'), Style(plotting.GREY, '*'),
                           {'cartpole': 250, 'acrobot': 250}),
    'blended': Method(partial(strategy, name='blended'), Style(plotting.SKY, 'p'),
                      {'cartpole': 50, 'acrobot': 50}),
    'twin': Method(partial(strategy, name='twin'), Style(plotting.ORANGE, 'D'),
                   {'cartpole': 10, 'acrobot': 3}),
    'combined': Method(partial(strategy, name='combined'), Style(plotting.VERMILLION, 'o'),
                       {'cartpole': 10, 'acrobot': 3}),
    **{f'combined without {part}': Method(
        partial(strategy, name='combined', **without),
        Style(plotting.VERMILLION, marker, ':'), {'cartpole': 10, 'acrobot': 3}, HARDER,
        ('paper',)) for (part, without), marker in zip(PARTS.items(), '123')},
    'known plant': Method(known_plant, Style(plotting.PURPLE, '*', '--'),
                          {'cartpole': 3, 'acrobot': 3}, HARDER),
    "paper's protocol": Method(paper, Style(plotting.BLACK, '+', ':'),
                               {'cartpole': 250, 'acrobot': 250}, EQUATIONS),
    'random search': Method(random_search, Style(plotting.GREEN, 'x', ':'),
                            {'cartpole': 250, 'acrobot': 50}, EQUATIONS),
    'fine-tuning': Method(fine_tuning, Style(plotting.BLUE, 'v', '-.'),
                          {'cartpole': 100, 'acrobot': 50}, EQUATIONS),
    'linear-quadratic': Method(quadratic, Style(plotting.BLACK, 'd', '-.'), {'cartpole': 10},
                               LASTING),
    'best linear': Method(linear_bound, Style(plotting.BLACK, '^', '--'), {'cartpole': 1},
                          LASTING, ('paper',)),
    'best linear with memory': Method(
        partial(linear_bound, memory=4), Style(plotting.BLACK, 'P', '--'), {'cartpole': 1},
        LASTING, ('paper',)),
}
