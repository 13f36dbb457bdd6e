"""Noise in log gains, reinforced by how much better than usual its episode was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rstdp_ros.plasticity.returns import nothing_left
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.norms import norm
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter
from rstdp_ros.support.plain import real

# Keeps these draws independent of those that the same seed makes elsewhere.
STREAM = 0x5EED
CENTRED, RAW, OPPOSITE, SHUFFLED = CREDITS = ('centred', 'raw', 'opposite', 'shuffled')


@dataclass(frozen=True)
class ReinforcementParameters:
    """Noise, and how fast it is reinforced."""

    jitter: float = parameter(
        0.7, 'Standard deviation of the noise in the logarithm of the weights; an episode is '
        'played with one draw of it.', minimum=0.0, maximum=2.0, effect=NEXT_EPISODE)
    speed: float = parameter(
        0.2, 'How far log weights move per unit of noise, in standard deviations, when a return '
        'differs from the usual by as much as returns usually do.', minimum=0.0, maximum=10.0,
        effect=NEXT_EPISODE)
    averaging: float = parameter(
        0.2, 'Weight of the latest episode in the usual return, and half of it in how much '
        'returns differ from it; the first ones count equally.', minimum=0.001, maximum=1.0,
        effect=NEXT_EPISODE)
    surprise: float = parameter(
        2.0, 'A return counts as no more surprising than this many times the usual difference.',
        minimum=0.1, maximum=100.0, effect=NEXT_EPISODE)
    largest_step: float = parameter(
        0.5, 'No episode moves the log weights farther than this: norm of the step.',
        minimum=0.0, maximum=100.0, effect=NEXT_EPISODE)
    max_log_gain: float = parameter(
        2.5, 'No weight is scaled by more than exp(+-this); exp(2.5) is 12.', minimum=0.0,
        maximum=3.0, effect=NEXT_EPISODE)
    credit: str = parameter(
        CENTRED, 'What reinforces the noise. centred: return minus usual return; raw: the return '
        'itself, as in r-STDP. Controls: opposite: the reverse; shuffled: its size, in a random '
        'direction.', choices=CREDITS, effect=NEXT_EPISODE)


class Reinforcement:
    """
    Log gains z that learn from noise xi in them.

    An episode is played with z + sigma xi, where xi is drawn from the standard normal
    distribution. Then

        dz = speed (R - Rm) / S xi,

    where Rm is a running mean of the returns R, and S one of their distance from it. xi is the
    eligibility: what was drawn minus what was expected. The average change follows the gradient of
    the return (REINFORCE, Williams 1992; perturbation of conductances, Fiete and Seung 2006;
    Sehnke et al. 2010). Subtracting the mean leaves that average as it is, but removes most of its
    scatter, without which a few episodes tell nothing. While Rm is the largest possible return,
    there is nothing to learn, and episodes are played without noise.

    :param shape: of z.
    :param parameters: may be replaced between episodes.
    :param seed: of the noise: each episode draws from a generator made from the seed and its
        number.
    :param task: name of the task.
    :ivar log_gains: z.
    :ivar noise: xi of the episode that plays now; none in the first.
    """

    def __init__(self, shape: tuple[int, ...], parameters: ReinforcementParameters,
                 seed: int, task: str) -> None:
        self.parameters, self.seed, self.task = parameters, seed, task
        self.log_gains, self.noise = np.zeros(shape), np.zeros(shape)
        self.episode = 0
        self.usual: float | None = None
        self.difference = 0.0

    def told(self, episode_return: float) -> None:
        """Reinforce the noise of an episode, and draw that of the next one."""
        p = self.parameters
        step = p.speed * self._credit(episode_return) * self.noise
        self.episode += 1
        generator = np.random.default_rng((STREAM, self.seed, self.episode))
        self.noise = generator.standard_normal(self.noise.shape)
        if p.credit == SHUFFLED:
            step = generator.permutation(step.ravel()).reshape(step.shape) * generator.choice(
                (-1.0, 1.0), step.shape)
        length = norm(step)
        if length > p.largest_step:
            step = step * (p.largest_step / length)
        self.log_gains = self._within(self.log_gains + step)
        if nothing_left(self.task, self.usual):
            self.be_quiet()

    def _credit(self, episode_return: float) -> float:
        """Return the third factor of an episode, and take its return into the averages."""
        p, first = self.parameters, self.usual is None
        usual = episode_return if first else self.usual
        surprise = episode_return - usual
        limit = p.surprise * self.difference or abs(surprise)
        surprise = float(np.clip(surprise, -limit, limit))
        self.usual = usual + max(p.averaging, 1.0 / (self.episode + 1)) * surprise
        if not first:
            weight = max(p.averaging / 2.0, 1.0 / self.episode)
            self.difference += weight * (abs(surprise) - self.difference)
        if not self.difference:
            return 0.0
        credit = surprise / self.difference
        return {OPPOSITE: -credit, RAW: episode_return / abs(usual or 1.0)}.get(p.credit, credit)

    @property
    def noisy(self) -> np.ndarray:
        """What plays: z + sigma xi, within bounds."""
        return self._within(self.log_gains + self.parameters.jitter * self.noise)

    def be_quiet(self) -> None:
        """Note that an episode is played without noise."""
        self.noise = np.zeros(self.noise.shape)

    def _within(self, log_gains: np.ndarray) -> np.ndarray:
        limit = self.parameters.max_log_gain
        return np.clip(log_gains, -limit, limit)

    def state(self) -> dict[str, Any]:
        """Return what was learned, the noise that plays, and the averages."""
        return {'reinforced': self.episode, 'log_gains': self.log_gains, 'noise': self.noise,
                'usual': self.usual, 'difference': self.difference}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned.

        :raises RstdpError: a state that no run can have had.
        """
        difference = real('difference', state['difference'])
        counted = state['reinforced']
        if counted < 0 or difference < 0.0 or (state['usual'] is None) != (counted == 0):
            raise RstdpError('averages that no returns have')
        self.episode, self.usual, self.difference = counted, state['usual'], difference
        self.log_gains, self.noise = state['log_gains'].copy(), state['noise'].copy()
