"""An actor-critic whose third factor is the error of the network's own predictions, per step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rstdp_ros.experiments.rules.eligibility import Feedback, gradients, Seen
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import parameter
from rstdp_ros.support.plugins import TASKS
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.interface import Joints

TERMINATED = 'terminated'
CENTRED, OPPOSITE, SHUFFLED = CREDITS = ('centred', 'opposite', 'shuffled')
EXACT, RANDOM = FEEDBACKS = ('exact', 'random')
FIRST, OWN = CRITICS = ('first', 'own')


@dataclass(frozen=True)
class ActorCriticParameters:
    """Layers, credit and feedback."""

    speed_w1: float = parameter(0.01, 'Largest change of W1 by an episode, relative to its norm.')
    speed_w2: float = parameter(0.0, 'The same for W2.')
    speed_w3: float = parameter(0.0, 'The same for W3.')
    discount: float = parameter(0.99, 'Discount of later rewards, per step.')
    trace: float = parameter(0.97, 'How much of an eligibility remains after a step.')
    temperature: float = parameter(5.0, 'Of the softmax of Q-values that is "expected".')
    critic: str = parameter(FIRST, 'Whose Q-values predict the return.', choices=CRITICS)
    feedback: str = parameter(EXACT, 'How hidden neurons hear of the output.', choices=FEEDBACKS)
    credit: str = parameter(CENTRED, 'The rule, or a control.', choices=CREDITS)


class ActorCritic(Strategy):
    """
    e-prop with a temporal-difference error (Bellec et al. 2020; Fremaux et al. 2013).

    After step t the error is d = r + g V' - V, where V is the largest Q-value; V' is 0 after a
    termination, and a truncation has no error. The eligibility of a synapse is that of
    :func:`~rstdp_ros.experiments.rules.eligibility.gradients` for "action drawn minus actions
    expected", and decays with g times ``trace`` per step. Errors are centred over the episode.

    :param network: the run's first one.
    :param parameters: of type :class:`ActorCriticParameters`, or 'default'.
    :param seed: of random feedback, and of the shuffled control.
    """

    name = 'actor-critic'
    Parameters = ActorCriticParameters
    needs_trajectory = True

    def __init__(self, network: SpikingQNetwork, parameters: Any = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.generator = np.random.default_rng(seed)
        self.task = TASKS[network.task]
        self.feedback = (Feedback.drawn(network, self.generator)
                         if self.parameters.feedback == RANDOM else None)

    def propose(self, shown: Shown) -> Proposal:
        """Change every layer that has a speed."""
        network, trajectory, p = shown.network, shown.trajectory, self.parameters
        if trajectory is None:
            raise RstdpError('an actor-critic needs joints and efforts')
        observations = np.array([self.task.robot.observation(*joints) for joints in zip(
            trajectory.positions, trajectory.velocities)], np.float32)
        q = network.q_values_of(shown.rasters)
        credit = self._credit(observations, q, trajectory)
        changes = gradients(network, Seen(observations, shown.rasters, q.argmax(1), q), credit,
                            p.temperature, self.feedback)
        least, most = self.task.possible_returns()
        missing = (most - shown.episode_return) / (most - least)
        weights = []
        for w, first, change, speed in zip(network.weights, self.initial.weights, changes,
                                           (p.speed_w1, p.speed_w2, p.speed_w3)):
            size = float(np.linalg.norm(change)) or 1.0
            step = missing * speed * float(np.linalg.norm(first)) / size
            weights.append((w + step * change).astype(np.float32))
        return Proposal(tuple(weights))

    def _credit(self, observations: np.ndarray, q: np.ndarray,
                trajectory: Trajectory) -> np.ndarray:
        """Return what every step's eligibility is multiplied by: sums of later errors."""
        p = self.parameters
        values = (q if p.critic == OWN else np.array(
            [self.initial.q_values(x) for x in observations])).max(1)
        steps = len(values)
        ended = trajectory.end == TERMINATED
        rewards = [self.task.worth(Joints(position, velocity), effort, ended and i + 1 == steps)
                   for i, (position, velocity, effort) in enumerate(zip(*trajectory[:3]))]
        errors = rewards + p.discount * np.append(values[1:], 0.0) - values
        if not ended:
            errors[-1] = 0.0
        later, credit = 0.0, np.zeros(steps)
        for i in reversed(range(steps)):
            credit[i] = later = errors[i] + p.discount * p.trace * later
        credit -= credit.mean()
        if p.credit == SHUFFLED:
            self.generator.shuffle(credit)
        return -credit if p.credit == OPPOSITE else credit
