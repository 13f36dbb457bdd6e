"""Deep Q-learning goes on with the network, from the robot's own transitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rstdp_ros.experiments.online.controllers import Controller, playing
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks.task import Task

# Gradient steps after every episode, each on a batch from all transitions so far.
GRADIENT_STEPS = 50
SETTINGS = {'learning_rate': 3e-4, 'polyak': 0.05, 'epsilon_minimum': 0.02}


def fine_tuning(task: Task, network: SpikingQNetwork, plant: Any, seed: int, episodes: int,
                gradient_steps: int = GRADIENT_STEPS, **settings: Any) -> Iterator[Controller]:
    """
    Play with a little exploration, remember, learn; deploy the Polyak-averaged network.

    Loss, batch, discount and clipping are those that train the task's networks, observations are
    of equal scale. See :mod:`rstdp_ros.experiments.online.controllers`.

    :param gradient_steps: after every episode.
    :param settings: other values of :class:`rstdp_ros.training.settings.Settings`.
    """
    import torch

    from rstdp_ros.training.learner import QLearner, scale_of
    from rstdp_ros.training.settings import settings_for
    torch.set_num_threads(1)
    chosen = replace(settings_for(task), **{**SETTINGS, **settings})
    w1, *others = network.weights
    first = w1 / np.repeat(scale_of(task, chosen), 2)[:, np.newaxis]
    learner = QLearner(task, chosen, (first, *others), np.random.default_rng(seed), plant)
    for episode in range(seed, seed + episodes):
        for _ in learner.play(episode):
            pass
        for _ in range(gradient_steps):
            learner.update()
        yield playing(task, learner.network(learner.target))
