"""Observation gains are folded into ordinary networks, whatever their arithmetic."""

from dataclasses import dataclass

import numpy as np
import pytest

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import (
    AdaptationRun,
    BoundsParameters,
    Learner,
    NoGuard,
    Proposal,
    Recipe,
    STRATEGIES,
    Strategy,
)
from rstdp_ros.snn import quantize, SpikingQNetwork, with_gains
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import parameter

SEED = 200_000_000


@pytest.fixture(params=[32, 8])
def network(request, shipped):
    """Return the first shipped network with 32 and with 8 bits."""
    return shipped if request.param == 32 else quantize(shipped)


def test_a_gain_is_a_louder_observation(shipped):
    gains = [0.3, -0.7, 1.5, 0.0]
    louder, generator = with_gains(shipped, gains), np.random.default_rng(0)
    for _ in range(20):
        x = generator.normal(size=4).astype(np.float32)
        assert louder.q_values(x) == pytest.approx(
            shipped.q_values(x * np.exp(gains).astype(np.float32)), rel=1e-3, abs=1e-3)
    assert louder.metadata['log_gains'] == gains
    assert louder.metadata['gains_on'] == shipped.digest
    for mine, theirs in zip(louder.weights[1:], shipped.weights[1:]):
        assert np.array_equal(mine, theirs)


def test_no_gains_change_nothing(network):
    assert with_gains(network, np.zeros(4)).digest == network.digest
    finer = network if not network.quantized else quantize(
        network.replace(scales=()), (1.5, 1.0, 1.0))
    assert with_gains(finer, np.zeros(4)).scales == finer.scales


def test_eight_bits_keep_their_steps_for_what_there_is(network, tmp_path):
    for gains in ([1.6, 1.6, 1.6, 1.6], [-2.0, 0.0, 2.0, -1.0]):
        changed = with_gains(network, gains)
        wanted = network.weights[0] * np.repeat(np.exp(gains), 2)[:, np.newaxis]
        error = np.abs(changed.weights[0] - wanted).max() / np.abs(wanted).max()
        assert error < (0.5001 / 127 if network.quantized else 1e-6)
        assert changed.scales[1:] == network.scales[1:]
        changed.save(tmp_path / 'network.npz')
        again = SpikingQNetwork.load(tmp_path / 'network.npz')
        assert (again.digest, again.scales) == (changed.digest, changed.scales)


@pytest.mark.parametrize('gains, words', [
    ([0.0] * 3, '3 log gains for a network that takes 4 values'),
    ([0.0, 0.0, 0.0, float('nan')], 'log gain of nan'), ([21.0, 0.0, 0.0, 0.0], 'log gain of 21')])
def test_gains_that_make_no_sense_are_refused(shipped, gains, words):
    with pytest.raises(RstdpError, match=words):
        with_gains(shipped, gains)


@dataclass(frozen=True)
class LouderParameters:
    """How much."""

    step: float = parameter(0.5, 'Of the log gains.')


class Louder(Strategy):
    """Turns all gains up, and deploys what is half as loud."""

    name = 'louder'
    Parameters = LouderParameters
    plastic = (0,)
    default_guard = 'none'

    def __init__(self, network, parameters='default', seed=0):
        super().__init__(network, parameters, seed)
        self.gain, self.elsewhere = 0.0, 0

    @classmethod
    def preset(cls, name, task):
        """Return the only set."""
        return LouderParameters()

    def propose(self, shown):
        """Turn them up."""
        self.gain += self.parameters.step
        loud, half = (with_gains(self.initial, np.full(4, gain)).weights
                      for gain in (self.gain, self.gain / 2))
        return Proposal(loud, deploy=half)

    def placed(self, network):
        """Count it."""
        self.elsewhere += 1

    def state(self):
        """Return it."""
        return {'gain': self.gain}

    def restore(self, state):
        """Take it over."""
        self.gain = state['gain']


class Rescaled(Louder):
    """The same, on a grid that follows."""

    name = 'rescaled'
    rescaled = (0,)


@pytest.fixture
def louder(monkeypatch):
    """Let both be known for a while."""
    monkeypatch.setattr(STRATEGIES, '_loaded', {})
    for strategy in (Louder, Rescaled):
        STRATEGIES.add(strategy)


def learned(network, cartpole, strategy, episodes=3, folder=None, **choices):
    """Return the run after some episodes, resumed for each if there is a folder."""
    recipe = Recipe.of('cartpole', SEED, strategy, **choices)
    run = AdaptationRun(Learner(network, recipe), folder)
    for _ in range(episodes):
        if folder:
            run = AdaptationRun(Learner(network, recipe), folder)
            run.resume(pytest.fail)
        run.finish_episode(*next_episode(cartpole, run.learner, cartpole.physics()))
    return run.learner


def test_a_grid_follows_where_the_strategy_lets_it(louder, network, cartpole, tmp_path):
    learner = learned(network, cartpole, 'rescaled', folder=tmp_path)
    loud, half = (with_gains(network, np.full(4, gain)) for gain in (1.5, 0.75))
    assert (learner.running.digest, learner.running.scales) == (loud.digest, loud.scales)
    assert (learner.deployed.digest, learner.deployed.scales) == (half.digest, half.scales)
    assert learner.strategy.elsewhere == 0
    if network.quantized:
        kept = learned(network, cartpole, 'louder').running
        assert kept.scales == network.scales
        assert np.abs(kept.weights[0]).max() == pytest.approx(np.abs(network.weights[0]).max())


def test_a_bounded_layer_stays_on_a_grid(louder, network, cartpole):
    bounds = BoundsParameters(max_distance=1.0)
    learner = learned(network, cartpole, 'rescaled', bounds=bounds)
    assert learner.running.distance(network) == pytest.approx(1.0, rel=0.02)
    assert learner.strategy.elsewhere > 0


def test_a_strategy_brings_its_guard(louder, shipped, cartpole, tmp_path):
    assert type(learned(shipped, cartpole, 'louder', 0).guard) is NoGuard
    assert learned(shipped, cartpole, 'louder', 0, guard='snapshot').guard.name == 'snapshot'
    assert learned(shipped, cartpole, 'rstdp', 0).guard.name == 'recheck'
    # A run goes on under the guard that it began with.
    learned(shipped, cartpole, 'louder', 2, tmp_path, guard='recheck')
    assert learned(shipped, cartpole, 'louder', 1, tmp_path).guard.name == 'recheck'
