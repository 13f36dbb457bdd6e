"""Deep Q-learning continues with the network, from the robot's own transitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError

# Gradient steps after every episode, each on a batch from all transitions so far.
GRADIENT_STEPS = 50
SETTINGS = {'learning_rate': 3e-4, 'polyak': 0.05, 'epsilon_minimum': 0.02}


def fine_tuning(worlds: Sequence[World], network: SpikingQNetwork, seed: int,
                gradient_steps: int = GRADIENT_STEPS, **settings: Any
                ) -> Iterator[SpikingQNetwork]:
    """
    Play with slight exploration, remember, learn; deploy the Polyak-averaged network.

    Loss, batch, discount and clipping are those of the task's training; observations are brought
    to equal scale.

    :param worlds: simulators with a Gymnasium environment.
    :param gradient_steps: after every episode.
    :param settings: other values of :class:`rstdp_ros.tasks.training.Settings`.
    :raises RstdpError: torch is missing.
    """
    try:
        import torch

        from rstdp_ros.training.learner import QLearner, scale_of
    except ModuleNotFoundError as error:
        raise RstdpError(f'training needs {error.name}: pip install "rstdp_ros[train]"') from None
    torch.set_num_threads(1)
    task = worlds[0].task
    chosen = replace(task.settings(), **{**SETTINGS, **settings})
    w1, *others = network.weights
    first = w1 / np.repeat(scale_of(task, chosen), 2)[:, np.newaxis]
    learner = QLearner(task, chosen, (first, *others), np.random.default_rng(seed))
    for episode, world in enumerate(worlds, seed):
        learner.plant.set_physics(world.physics)
        for _ in learner.play(episode):
            pass
        for _ in range(gradient_steps):
            learner.update()
        yield learner.network(learner.target)
