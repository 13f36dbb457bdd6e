"""Reinforcement of noise: a local three-factor rule that compares every return with the usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rstdp_ros.plasticity.guard import UNGUARDED
from rstdp_ros.plasticity.sites import Site, SITES, VALUES
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy, Weights
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter, START_OF_RUN
from rstdp_ros.support.plain import real

# Keeps these draws independent of those that the same seed makes elsewhere.
STREAM = 0x5EED
CENTRED, RAW, OPPOSITE, SHUFFLED = CREDITS = ('centred', 'raw', 'opposite', 'shuffled')


@dataclass(frozen=True)
class PerturbationParameters:
    """Noise, and how fast it is reinforced."""

    site: str = parameter(
        VALUES, 'What the noise scales. values: all synapses that an observed value feeds, '
        'together; inputs: those of an input neuron; hidden: those onto a neuron of the first '
        'hidden layer; W1, W2: every synapse of the matrix on its own. Finer noise needs a lower '
        'speed and more episodes.', choices=SITES, effect=START_OF_RUN)
    noise: float = parameter(
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


class Perturbation(Strategy):
    """
    Noise in synapses, reinforced by how much better than usual its episode was.

    Every episode is played with noise: a weight w is scaled by exp(z + sigma xi), where xi is
    drawn from the standard normal distribution. Then

        dz = speed (R - Rm) / S xi,

    where Rm is a running mean of returns and S one of their distance from it. All that a synapse
    needs is its own noise xi, which is the eligibility: what was drawn minus what was expected.
    R - Rm is broadcast. The average change follows the gradient of the return (REINFORCE,
    Williams 1992; perturbation of conductances, Fiete and Seung 2006; Sehnke et al. 2010).
    Subtracting the mean leaves that average as it is, but removes most of its scatter, without
    which a few episodes tell nothing.

    The network without noise is deployed. Noise that all synapses of an observed value share
    leaves few numbers to learn, and so learns fastest.

    :param network: the run's first one.
    :param parameters: of type :class:`PerturbationParameters`, or the name of a preset.
    :param seed: of the noise.
    """

    name = 'perturbation'
    Parameters = PerturbationParameters
    plastic = rescaled = (0, 1)
    default_guard = UNGUARDED
    draws = True

    def __init__(self, network: SpikingQNetwork,
                 parameters: str | PerturbationParameters = 'default', seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.site = Site.of(self.parameters.site, network.weights)
        self.episode = 0
        # z, and the xi of the episode that plays now: none in the first.
        self.log_gains = np.zeros(self.site.shape)
        self.noise = np.zeros(self.site.shape)
        self.usual: float | None = None
        self.difference = 0.0

    def propose(self, shown: Shown) -> Proposal:
        """Reinforce the noise of the episode, and draw that of the next one."""
        credit = self._credit(shown.episode_return)
        step = self.parameters.speed * credit * self.noise
        self.episode += 1
        generator = np.random.default_rng((STREAM, self.seed, self.episode))
        self.noise = generator.standard_normal(self.site.shape)
        if self.parameters.credit == SHUFFLED:
            step = generator.permutation(step.ravel()).reshape(step.shape) * generator.choice(
                (-1.0, 1.0), step.shape)
        self._move(step)
        return Proposal(self._weights(self.noise), deploy=self._weights(0.0 * self.noise))

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

    def _move(self, step: np.ndarray) -> None:
        p, norm = self.parameters, float(np.linalg.norm(step))
        if norm > p.largest_step:
            step = step * (p.largest_step / norm)
        self.log_gains = np.clip(self.log_gains + step, -p.max_log_gain, p.max_log_gain)

    def _weights(self, noise: np.ndarray) -> Weights:
        """Return the first network's weights as learned, with noise."""
        p = self.parameters
        z = np.clip(self.log_gains + p.noise * noise, -p.max_log_gain, p.max_log_gain)
        return self.site.scaled(self.initial.weights, z)

    def placed(self, network: SpikingQNetwork) -> None:
        """Note that no noise plays if the network is rather the one without it."""
        def distance(noise: np.ndarray) -> float:
            layer = self.site.layer
            return float(np.linalg.norm(network.weights[layer] - self._weights(noise)[layer]))
        quiet = np.zeros(self.site.shape)
        if distance(quiet) < distance(self.noise):
            self.noise = quiet

    def state(self) -> dict[str, Any]:
        """Return what was learned, the noise that plays, and the averages."""
        return {'episodes': self.episode, 'log_gains': self.log_gains, 'noise': self.noise,
                'usual': self.usual, 'difference': self.difference}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned.

        :raises RstdpError: a state that no run can have had.
        """
        difference = real('difference', state['difference'])
        if difference < 0.0 or (state['usual'] is None) != (state['episodes'] == 0):
            raise RstdpError('averages that no returns have')
        self.episode, self.usual, self.difference = state['episodes'], state['usual'], difference
        self.log_gains, self.noise = state['log_gains'].copy(), state['noise'].copy()
