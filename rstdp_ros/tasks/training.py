"""Hyper-parameters of deep Q-learning; every task has its own values."""

from __future__ import annotations

from dataclasses import dataclass

# The plants that a network is trained on.
ONE_PLANT, RANDOM_PLANTS = 'one plant', 'random plants'


@dataclass(frozen=True)
class Settings:
    """
    Hyper-parameters; the defaults are a good start.

    :param episodes: largest number of episodes; training also stops after ``steps``, solved or
        not.
    :param final_learning_rate: reached linearly when the steps are used up.
    :param loss: 'huber' or 'mse'.
    :param observation_scale: factors by which training multiplies observed values, () for none;
        they are folded into W1, so that the network takes unscaled observations.
    :param random_plants: draw a new plant for every episode, instead of one for all.
    """

    episodes: int = 800
    steps: int = 1_000_000
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-3
    loss: str = 'huber'
    batch_size: int = 64
    discount: float = 0.99
    steps_per_update: int = 4
    replay_capacity: int = 40_000
    warm_up_steps: int = 500
    gradient_clip: float = 10.0
    polyak: float = 0.01
    epsilon_decay: float = 0.9995
    epsilon_minimum: float = 0.05
    validate_every: int = 25
    validation_starts: int = 500
    solved_return: float = 200.0
    observation_scale: tuple[float, ...] = ()
    random_plants: bool = False
