"""
Double deep Q-learning of a spiking network, on exactly the network that will be deployed.

Mnih et al. (2015) with the target of van Hasselt et al. (2016) and a Polyak-averaged target
network, which is also the one deployed: it is smoother than the learning network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from rstdp_ros import __version__
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import read_file, refusing
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.training import Settings
from rstdp_ros.training.learner import QLearner

MAX_SEED = 1000
SEEDS_PER_RUN = seeds.VALIDATION // MAX_SEED
LARGEST_CHECKPOINT = 2**28
INITIAL_STD = (0.3, 1.0, 0.1)


class Progress(NamedTuple):
    """Progress to show after an episode."""

    episode: int
    episode_return: float
    epsilon: float
    loss: float
    validation: float | None
    best: float


class Trainer(QLearner):
    """
    One training run; a checkpoint holds its whole state.

    :param task: what to learn.
    :param seed: of the whole run, in [0, 1000): initial weights, exploration, replay and starts.
    :param settings: the task's, on observations of equal scale, if None.
    :param physics: the plant to train on; the task's default if None.
    :raises RstdpError: a seed out of range.
    """

    def __init__(self, task: Task, seed: int, settings: Settings | None = None,
                 physics: Any = None) -> None:
        if not 0 <= seed < MAX_SEED:
            raise RstdpError(f'seed {seed} is not in 0..{MAX_SEED - 1}')
        settings, generator = settings or task.settings(), np.random.default_rng(seed)
        sizes = task.network.sizes
        weights = [_initial(layer, shape, std, generator) for layer, (shape, std) in
                   enumerate(zip(zip(sizes, sizes[1:]), INITIAL_STD))]
        super().__init__(task, settings, weights, generator, physics)
        self.seed = seed
        self.best: SpikingQNetwork | None = None
        self.best_return = -np.inf
        self.episode = self.steps = 0
        self.solved = False

    @property
    def epsilon(self) -> float:
        """Probability of a random action."""
        settings = self.settings
        return max(settings.epsilon_minimum, settings.epsilon_decay ** self.steps)

    @property
    def finished(self) -> bool:
        """Whether the task is solved or the episodes or steps are used up."""
        return (self.solved or self.episode >= self.settings.episodes
                or self.steps >= self.settings.steps)

    @property
    def learning_rate(self) -> float:
        """Step size of gradient descent at this point of the run."""
        first, last = self.settings.learning_rate, self.settings.final_learning_rate
        return first + (last - first) * min(1.0, self.steps / self.settings.steps)

    def run_episode(self) -> Progress:
        """Play and learn for one episode; validate the deployed network occasionally."""
        seed = self.seed * SEEDS_PER_RUN + self.episode
        if self.settings.random_plants:
            self.plant.set_physics(self.task.random_plant(seed))
        total, loss = 0.0, float('nan')
        for outcome in self.play(seed):
            total += outcome.reward
            self.steps += 1
            if (self.steps % self.settings.steps_per_update == 0
                    and len(self.memory) >= self.settings.warm_up_steps):
                loss = self.update()
        self.episode += 1
        validation = None
        if self.episode % self.settings.validate_every == 0 or self.finished:
            validation = self._validate()
        return Progress(self.episode, total, self.epsilon, loss, validation, self.best_return)

    def _validate(self) -> float:
        """Measure the deployed network on validation starts and keep the best one."""
        candidate = self.network(self.target)
        starts = seeds.block(seeds.VALIDATION, self.settings.validation_starts)
        plants = ([self.task.random_plant(seed) for seed in starts]
                  if self.settings.random_plants else None)
        mean = float(self.task.returns(candidate, starts, plants).mean())
        if mean > self.best_return:
            self.best, self.best_return = candidate, mean
        self.solved = mean >= self.settings.solved_return
        return mean

    def result(self) -> SpikingQNetwork:
        """
        Return the best network so far, with its origin in its metadata.

        :raises RstdpError: no validation has taken place yet.
        """
        if self.best is None:
            raise RstdpError('nothing was trained yet; allow more episodes')
        origin = {
            'made_by': 'rstdp_ros train', 'code_version': __version__, 'seed': self.seed,
            'episodes': self.episode, 'steps': self.steps, 'settings': asdict(self.settings),
            'validation_return': self.best_return, 'parent': None,
        }
        return self.best.replace(metadata=origin)

    def save(self, path: Path) -> None:
        """Write everything that the rest of the run depends on, completely or not at all."""
        best = [torch.from_numpy(w.copy()) for w in self.best.weights] if self.best else None
        state = {
            'task': self.task.name, 'seed': self.seed, 'settings': asdict(self.settings),
            'online': [w.detach() for w in self.online], 'target': self.target, 'best': best,
            'best_return': float(self.best_return), 'optimizer': self.optimizer.state_dict(),
            'memory': self.memory.state(), 'episode': self.episode, 'steps': self.steps,
            'solved': self.solved, 'random': json.dumps(self.generator.bit_generator.state),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, task: Task, path: Path) -> Trainer:
        """
        Continue a run from its checkpoint.

        :raises RstdpError: a missing or damaged checkpoint, or one of another task.
        """
        if not path.exists():
            raise RstdpError(f'{path}: no training checkpoint to resume')
        data = read_file(path, LARGEST_CHECKPOINT)
        with refusing(f'{path}, a training checkpoint'):
            state = torch.load(io.BytesIO(data), weights_only=True)
            if state['task'] != task.name:
                raise RstdpError(f'{path}: a run of task {state["task"]!r}, not {task.name!r}')
            trainer = cls(task, state['seed'], Settings(**state['settings']))
            trainer._restore(state)
            return trainer

    def _restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for w, saved in zip(self.online, state['online']):
                w.copy_(saved)
        self.target = list(state['target'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.memory.restore(state['memory'])
        self.generator.bit_generator.state = json.loads(state['random'])
        self.actor = self.network(self.online)
        self.best = self._running([w.numpy() for w in state['best']]) if state['best'] else None
        for name in ('best_return', 'episode', 'steps', 'solved'):
            setattr(self, name, state[name])


def _initial(layer: int, shape: tuple[int, int], std: float, generator: np.random.Generator
             ) -> np.ndarray:
    """Draw weights: observations are small, so the first layer's are not scaled by fan-in."""
    scale = std / np.sqrt(shape[0]) if layer else std
    return generator.normal(0.0, scale, shape).astype(np.float32)


def train(trainer: Trainer, checkpoint: Path, report: Callable[[Progress], None]) -> None:
    """
    Run a training to its end, with a checkpoint after every validation.

    :param report: called after every episode.
    """
    # The network is small: more threads cost more than they gain.
    torch.set_num_threads(1)
    while not trainer.finished:
        progress = trainer.run_episode()
        report(progress)
        if progress.validation is not None:
            trainer.save(checkpoint)
