"""Hyper-parameters of deep Q-learning: what worked for each task."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rstdp_ros.tasks import Task


@dataclass(frozen=True)
class Settings:
    """
    Hyper-parameters; the defaults are what worked for the cart-pole.

    :param episodes: stop after so many, or after so many ``steps``, solved or not.
    :param final_learning_rate: reached, in equal steps, when the steps are used up.
    :param loss: 'huber' or 'mse'.
    :param observation_scale: what training multiplies every observed value by, () for nothing;
        it goes into W1, so that the network takes observations as they are.
    :param random_plants: draw a plant anew for every episode, instead of one for all.
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


# Acrobot rewards are always -1, so errors are large and a Huber loss would clip them all.
SETTINGS = {
    'cartpole': Settings(),
    'acrobot': Settings(episodes=2000, steps=60_000, final_learning_rate=2e-4, loss='mse',
                        epsilon_decay=0.9998, validate_every=10, solved_return=0.0),
}
# Many plants take more steps; larger batches need fewer updates for them. An observation does not
# tell which plant it is, so what looks the same may end well or badly. A Huber loss learns the
# median of that, which overlooks the hard plants; the squared error learns the mean.
RANDOM_PLANTS = {
    'cartpole': replace(SETTINGS['cartpole'], episodes=10_000, steps=150_000,
                        final_learning_rate=1e-4, loss='mse', batch_size=256, steps_per_update=16,
                        replay_capacity=100_000, warm_up_steps=2000, epsilon_decay=0.9998,
                        validate_every=50, validation_starts=1000, random_plants=True),
    'acrobot': replace(SETTINGS['acrobot'], episodes=10_000, steps=120_000, batch_size=128,
                       steps_per_update=8, replay_capacity=100_000, warm_up_steps=2000,
                       epsilon_decay=0.9999, validate_every=50, validation_starts=1000,
                       random_plants=True),
}


def settings_for(task: Task, *, equal_scale: bool = True, random_plants: bool = False) -> Settings:
    """
    Return what trains a task's network.

    :param equal_scale: bring observed values to the same size in training; the paper's networks
        see them as they are.
    :param random_plants: train on plants drawn anew for every episode.
    """
    settings = (RANDOM_PLANTS if random_plants else SETTINGS)[task.name]
    scale = task.robot.observation_scale if equal_scale else ()
    return replace(settings, observation_scale=scale)
