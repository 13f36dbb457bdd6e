"""The learner of deep Q-learning: online weights, target weights and a replay memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.endings import TERMINATED
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.plant import Outcome
from rstdp_ros.tasks.training import Settings
from rstdp_ros.training.replay import Batch, ReplayMemory
from rstdp_ros.training.surrogate import gradient, q_values


class QLearner:
    """
    Double deep Q-learning of a spiking network with a Polyak-averaged target network.

    :param task: what to learn.
    :param settings: hyper-parameters.
    :param weights: initial W1, W2, W3, float32, for scaled observations.
    :param generator: of exploration and replay.
    :param physics: the plant to learn on; the task's default if None.
    """

    def __init__(self, task: Task, settings: Settings, weights: Sequence[np.ndarray],
                 generator: np.random.Generator, physics: Any = None) -> None:
        self.task, self.settings, self.generator = task, settings, generator
        self.scale = scale_of(task, settings)
        self.plant = task.make_plant()
        if physics is not None:
            self.plant.set_physics(physics)
        self.online = [torch.from_numpy(w.copy()).requires_grad_() for w in weights]
        self.target = [w.detach().clone() for w in self.online]
        self.optimizer = torch.optim.Adam(self.online, lr=settings.learning_rate)
        self.memory = ReplayMemory(settings.replay_capacity, task.network.observed)
        self.actor = self.network(self.online)

    @property
    def epsilon(self) -> float:
        """Probability of a random action."""
        return self.settings.epsilon_minimum

    @property
    def learning_rate(self) -> float:
        """Step size of gradient descent at this point of the run."""
        return self.settings.learning_rate

    def network(self, weights: list[torch.Tensor]) -> SpikingQNetwork:
        """Make the network to run on raw observations from learned weights."""
        w1, w2, w3 = (w.detach().numpy() for w in weights)
        # Each value feeds two inputs. Multiplying by a scale of 1 changes no bit.
        return self._running([w1 * np.repeat(self.scale, 2)[:, None], w2, w3])

    def _running(self, weights: list[np.ndarray]) -> SpikingQNetwork:
        task = self.task
        return SpikingQNetwork(weights, task.network.neuron, task.name, task.robot.efforts)

    def play(self, seed: int) -> Iterator[Outcome]:
        """Play one episode with exploration; remember every step and yield its result."""
        observation, end = self.task.robot.observation(*self.plant.reset(seed)), ''
        while not end:
            action = self._act(observation)
            outcome = self.plant.step(self.task.robot.efforts[action])
            joints, reward, end = outcome
            following = self.task.robot.observation(*joints)
            # Bootstrapping stops only if the episode truly ended, not at the time limit.
            self.memory.add(observation * self.scale, action, reward, following * self.scale,
                            end == TERMINATED)
            observation = following
            yield outcome

    def _act(self, observation: np.ndarray) -> int:
        if self.generator.random() < self.epsilon:
            return int(self.generator.integers(len(self.task.robot.efforts)))
        return self.actor.infer(observation).action

    def update(self) -> float:
        """Learn from a batch of remembered transitions; return the loss."""
        return self._update(self.memory.sample(self.settings.batch_size, self.generator))

    def _update(self, batch: Batch) -> float:
        """Do one step of gradient descent and update the target; return the loss."""
        neuron, online = self.task.network.neuron, [w.detach().numpy() for w in self.online]
        choice = q_values(online, neuron, batch.next_observations).argmax(1)
        following = q_values([w.numpy() for w in self.target], neuron, batch.next_observations)
        goals = (batch.rewards + np.float32(self.settings.discount) * (1 - batch.terminal)
                 * following[np.arange(len(choice)), choice])
        loss, gradients = gradient(online, neuron, batch.observations, batch.actions, goals,
                                   self.settings.loss)
        for w, slope in zip(self.online, gradients):
            w.grad = torch.from_numpy(slope)
        for group in self.optimizer.param_groups:
            group['lr'] = self.learning_rate
        torch.nn.utils.clip_grad_norm_(self.online, self.settings.gradient_clip)
        self.optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(self.target, self.online):
                slow.lerp_(fast, self.settings.polyak)
        self.actor = self.network(self.online)
        return loss


def scale_of(task: Task, settings: Settings) -> np.ndarray:
    """Return the factors by which training multiplies the observed values, (n,) float32."""
    return np.array(settings.observation_scale or np.ones(task.network.observed), np.float32)
