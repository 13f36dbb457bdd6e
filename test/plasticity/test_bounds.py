"""Bounds on learning: never exceeded, never in the way when there are none."""

import os
import subprocess
import sys

from hypothesis import given, settings, strategies
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from rstdp_ros.plasticity import BoundsParameters, Learner, make_learner, Recipe
from rstdp_ros.plasticity.bounds import Bounds
from rstdp_ros.support.errors import RstdpError

SEED = 200_000_000
WEIGHTS = strategies.tuples(*(
    arrays(np.float32, shape, elements=strategies.floats(-8, 8, width=32))
    for shape in ((4, 3), (3, 3), (3, 2))))
PLASTIC = strategies.sampled_from([(1,), (0, 2), (0, 1, 2)])
BOUND = strategies.floats(0.01, 5)


@given(WEIGHTS, WEIGHTS, WEIGHTS)
def test_without_bounds_nothing_is_touched(initial, before, wanted):
    assert Bounds(initial, BoundsParameters(), (0, 1, 2)).apply(before, wanted) is wanted


def distance(ours, theirs):
    """Return the norm of the difference of all weights."""
    return np.sqrt(sum(np.square(a.astype(float) - b).sum() for a, b in zip(ours, theirs)))


@settings(deadline=None)
@given(WEIGHTS, WEIGHTS, WEIGHTS, BOUND, PLASTIC)
def test_no_bound_is_exceeded(initial, before, wanted, bound, plastic):
    before, wanted = ([w if i in plastic else initial[i] for i, w in enumerate(weights)]
                      for weights in (before, wanted))

    def apply(**values):
        result = Bounds(initial, BoundsParameters(**values), plastic).apply(before, wanted)
        assert all(w.dtype == np.float32 for w in result)
        # What no strategy may change keeps every bit.
        assert all(result[i] is initial[i] for i in range(3) if i not in plastic)
        return result

    slack = bound * 1.0001 + 1e-5
    assert distance(apply(max_update=bound), before) <= slack
    assert distance(apply(max_distance=bound), initial) <= slack
    cut = apply(max_weight=bound)
    assert max(np.abs(cut[i]).max() for i in plastic) <= np.float32(bound)


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


def test_what_is_deployed_keeps_its_bits_while_bounded_networks_play(cartpole, demo_physics,
                                                                     shipped):
    recipe = Recipe.of('cartpole', SEED, 'gains').with_values({'prior': 'flat', 'max_update': 2.0})
    learner, played = Learner(shipped, recipe), set()
    for _ in range(14):
        play(learner, cartpole, demo_physics, 1)
        played.add(learner.running.digest)
        assert learner.deployed.digest == shipped.digest
    assert len(played) > 5


OTHERS = """
import hashlib
from rstdp_ros.plasticity import BoundsParameters, STRATEGIES
from rstdp_ros.plasticity.bounds import Bounds
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.resources import model_path
network, seen = SpikingQNetwork.load(model_path('cartpole_0')), hashlib.sha256()
control = STRATEGIES['random'](network)
bounds = Bounds(network.weights, BoundsParameters(max_update=0.05, max_distance=0.1), (1,))
w1, w2, w3 = network.weights
for _ in range(200):
    change = control._direction(1.0)
    seen.update(change.tobytes())
    seen.update(bounds.apply(network.weights, (w1, w2 + change, w3))[1].tobytes())
print(seen.hexdigest())
"""


def test_bounds_and_controls_do_not_depend_on_the_processor():
    said = [subprocess.run([sys.executable, '-c', OTHERS], env={**os.environ, **kernel},
                           stdout=subprocess.PIPE, check=True).stdout
            for kernel in ({}, {'OPENBLAS_CORETYPE': 'Sandybridge'})]
    assert said[0] == said[1]


def test_a_bound_that_makes_no_sense_is_refused(shipped):
    with pytest.raises(RstdpError, match='max_update = -1.0 is below its minimum'):
        make_learner(shipped, SEED, 'paper', bounds=BoundsParameters(max_update=-1.0))
