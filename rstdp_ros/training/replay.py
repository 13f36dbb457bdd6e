"""Replay memory for Q-learning."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch


class Batch(NamedTuple):
    """
    Transitions.

    :param observations: (n, values) float32; likewise next_observations.
    :param actions: (n,) int64; rewards and terminal (0 or 1) are float32.
    """

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    next_observations: np.ndarray
    terminal: np.ndarray


class ReplayMemory:
    """
    A ring of the latest transitions.

    :param capacity: how many it keeps.
    :param observation_size: values per observation.
    """

    def __init__(self, capacity: int, observation_size: int) -> None:
        self.observations = np.zeros((capacity, observation_size), np.float32)
        self.next_observations = np.zeros((capacity, observation_size), np.float32)
        self.actions = np.zeros(capacity, np.int64)
        self.rewards = np.zeros(capacity, np.float32)
        self.terminal = np.zeros(capacity, np.float32)
        self.written = 0

    def __len__(self) -> int:
        """Count the transitions that can be sampled."""
        return min(self.written, len(self.actions))

    def add(self, observation: np.ndarray, action: int, reward: float,
            next_observation: np.ndarray, terminal: bool) -> None:
        """Store a transition; ``terminal`` only if the episode really ended, not if truncated."""
        i = self.written % len(self.actions)
        self.observations[i], self.next_observations[i] = observation, next_observation
        self.actions[i], self.rewards[i], self.terminal[i] = action, reward, terminal
        self.written += 1

    def sample(self, count: int, generator: np.random.Generator) -> Batch:
        """Draw transitions uniformly, with replacement."""
        i = generator.integers(len(self), size=count)
        return Batch(self.observations[i], self.actions[i], self.rewards[i],
                     self.next_observations[i], self.terminal[i])

    def state(self) -> dict[str, Any]:
        """Return all content, for a checkpoint."""
        arrays = {name: torch.from_numpy(value) for name, value in vars(self).items()
                  if isinstance(value, np.ndarray)}
        return {**arrays, 'written': self.written}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the content of a checkpoint."""
        self.written = state['written']
        for name, value in state.items():
            if name != 'written':
                getattr(self, name)[:] = value.numpy()
