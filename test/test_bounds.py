"""Bounds on learning: never exceeded, never in the way when there are none."""

from hypothesis import given, settings, strategies
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from rstdp_ros.errors import RstdpError
from rstdp_ros.plasticity import BoundsParameters, make_learner
from rstdp_ros.plasticity.bounds import Bounds

SEED = 200_000_000
WEIGHTS = arrays(np.float32, (4, 4), elements=strategies.floats(-8, 8, width=32))
BOUND = strategies.floats(0.01, 5)


@given(WEIGHTS, WEIGHTS, WEIGHTS)
def test_without_bounds_nothing_is_touched(initial, before, wanted):
    assert Bounds(initial, BoundsParameters()).apply(before, wanted) is wanted


@settings(deadline=None)
@given(WEIGHTS, WEIGHTS, WEIGHTS, BOUND)
def test_no_bound_is_exceeded(initial, before, wanted, bound):
    def apply(**values):
        result = Bounds(initial, BoundsParameters(**values)).apply(before, wanted)
        assert result.dtype == np.float32
        return result

    slack = bound * 1.0001 + 1e-5
    assert np.linalg.norm(apply(max_update=bound) - before) <= slack
    assert np.linalg.norm(apply(max_distance=bound) - initial) <= slack
    assert np.abs(apply(max_weight=bound)).max() <= np.float32(bound)


def play(learner, cartpole, physics, count):
    """Learn from episodes of its own; return the records."""
    return [learner.learn(*cartpole.episode(learner.running, learner.next_seed, physics))
            for _ in range(count)]


def test_a_learner_keeps_within_its_bounds_and_says_so(cartpole, demo_physics, shipped):
    bounds = BoundsParameters(max_update=0.02, max_distance=0.05)
    learner = make_learner(shipped, SEED, 'paper', guard='none', bounds=bounds)
    records = play(learner, cartpole, demo_physics, 12)
    assert max(record.weight_change for record in records) <= 0.02 * 1.001
    assert records[0].event == 'bounded'
    distance = np.linalg.norm(learner.running.weights[1] - shipped.weights[1])
    assert 0.03 < distance <= 0.05 * 1.001
    assert learner.running.metadata['bounds']['max_distance'] == 0.05


def test_wide_bounds_change_no_bit(cartpole, demo_physics, shipped):
    wide = BoundsParameters(max_update=1e3, max_distance=1e3, max_weight=1e3)
    digests = [[record.digest for record in play(
        make_learner(shipped, SEED, 'paper', bounds=bounds), cartpole, demo_physics, 6)]
        for bounds in (BoundsParameters(), wide)]
    assert digests[0] == digests[1]


def test_a_bound_that_makes_no_sense_is_refused(shipped):
    with pytest.raises(RstdpError, match='max_update = -1.0 is below its minimum'):
        make_learner(shipped, SEED, 'paper', bounds=BoundsParameters(max_update=-1.0))
