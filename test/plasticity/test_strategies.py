"""The seam for whatever adapts: a strategy of one's own is one class, and all else follows."""

from dataclasses import replace

from explorer import Explorer
import numpy as np
import pytest

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import (
    AdaptationRun,
    BoundsParameters,
    GuardParameters,
    Learner,
    Proposal,
    Recipe,
    STRATEGIES,
)
from rstdp_ros.plasticity.checkpoint import decode, encode
from rstdp_ros.plasticity.restoring import OtherRunError
from rstdp_ros.snn import quantize
from rstdp_ros.support.errors import RstdpError

SEED = 200_000_000


@pytest.fixture
def explorer(monkeypatch):
    """Let the example be known for a while."""
    monkeypatch.setattr(STRATEGIES, '_loaded', {})
    STRATEGIES.add(Explorer)


def play(run, task, physics, count):
    """Learn from episodes; return the digests of the running network."""
    return [run.finish_episode(*next_episode(task, run.learner, physics)).digest
            for _ in range(count)]


def recipe(**choices):
    """Return the recipe of the example."""
    return Recipe.of('cartpole', SEED, Explorer.name, 'snapshot',
                     guard_parameters=GuardParameters(window=3), **choices)


@pytest.mark.parametrize('bits', [32, 8])
def test_any_layer_may_change_and_a_resumed_run_goes_on_bit_for_bit(
        explorer, bits, shipped, cartpole, demo_physics, tmp_path):
    network = shipped if bits == 32 else quantize(shipped)
    whole = AdaptationRun(Learner(network, recipe()))
    expected = play(whole, cartpole, demo_physics, 8)
    assert len(set(expected)) > 4
    digests = []
    for count in (3, 1, 4):
        run = AdaptationRun(Learner(network, recipe()), tmp_path)
        run.resume(pytest.fail)
        digests += play(run, cartpole, demo_physics, count)
    assert digests == expected
    w1, w2, w3 = run.learner.running.weights
    assert np.array_equal(w2, network.weights[1])
    assert not np.array_equal(w1, network.weights[0])
    assert not np.array_equal(w3, network.weights[2])
    assert run.learner.strategy.elsewhere == whole.learner.strategy.elsewhere


def test_bounds_hold_over_all_layers(explorer, shipped, cartpole, demo_physics):
    bounds = BoundsParameters(max_update=0.5, max_distance=1.0)
    learner = Learner(shipped, replace(recipe(bounds=bounds), guard='none'))
    for _ in range(6):
        record = learner.learn(*next_episode(cartpole, learner, demo_physics))
        assert record.weight_change <= 0.5001 and record.event == 'bounded, ended terminated'
        assert learner.running.distance(shipped) <= 1.0001


@pytest.mark.parametrize('guard, distance', [('none', 0.5), ('snapshot', 0.0)])
def test_a_strategy_says_what_it_would_deploy(explorer, shipped, cartpole, demo_physics, guard,
                                              distance):
    bounds = BoundsParameters(max_distance=0.5)
    learner = Learner(shipped, replace(recipe(bounds=bounds), guard=guard))
    propose = learner.strategy.propose

    def elsewhere(shown):
        w1, w2, w3 = shipped.weights
        return propose(shown)._replace(deploy=(w1 + 1.0, w2, w3))

    learner.strategy.propose = elsewhere
    learner.learn(*next_episode(cartpole, learner, demo_physics))
    assert learner.deployed.distance(shipped) == pytest.approx(distance, rel=1e-4)
    assert learner.deployed.digest != learner.running.digest
    learner.roll_back()
    assert learner.running.digest == learner.deployed.digest


def test_a_roll_back_is_told_to_the_strategy(explorer, shipped, cartpole, demo_physics):
    learner = Learner(shipped, recipe())
    learner.learn(*next_episode(cartpole, learner, demo_physics))
    before = learner.strategy.elsewhere
    learner.roll_back()
    assert learner.strategy.elsewhere == before + 1


def test_a_recipe_survives_the_way_as_json(explorer):
    changed = recipe().with_values({'reach': 0.25, 'window': 7, 'max_weight': 2.0, 'other': 1})
    assert changed.values()['reach'] == 0.25 and changed.guard_parameters.window == 7
    assert Recipe.from_json(changed.to_json(), SEED) == changed
    for lacking in ('rule', 'guard', 'parameters', 'bounds'):
        values = {k: v for k, v in changed.to_json().items() if k != lacking}
        with pytest.raises(RstdpError, match=f"without '{lacking}'"):
            Recipe.from_json(values, SEED)
    with pytest.raises(RstdpError, match='reach = -1'):
        changed.with_values({'reach': -1.0})


@pytest.mark.parametrize('wrong', [
    lambda a: a[:-1], lambda a: a.astype(np.float64), lambda a: a * np.float32('nan'),
    lambda a: 3.0, lambda a: a.astype('U8')])
def test_arrays_of_a_state_are_looked_over(explorer, wrong, shipped, cartpole, demo_physics):
    learner = Learner(shipped, recipe())
    learner.learn(*next_episode(cartpole, learner, demo_physics))
    state = decode(encode(learner.state()))
    fresh = Learner(shipped, recipe())
    fresh.restore(state)
    assert np.array_equal(fresh.strategy.steps[0], learner.strategy.steps[0])
    state['rule']['first'] = wrong(state['rule']['first'])
    with pytest.raises(RstdpError):
        fresh.restore(state)


@pytest.mark.parametrize('wrong, words', [
    (lambda w: 1 / 0, 'failed: ZeroDivisionError'), (lambda w: None, 'failed: '),
    (lambda w: w[:2], 'of shapes'), (lambda w: (w[0][:, :1], *w[1:]), 'of shapes'),
    (lambda w: (w[0], w[1] + 1, w[2]), 'changes W2, which is not plastic'),
    (lambda w: (w[0] * np.float32('nan'), *w[1:]), 'W1 holds a value that is not finite')])
def test_a_strategy_that_fails_changes_no_network(explorer, monkeypatch, wrong, words, shipped,
                                                  cartpole, demo_physics):
    learner = Learner(shipped, recipe())
    monkeypatch.setattr(learner.strategy, 'propose',
                        lambda shown: Proposal(wrong(shown.network.weights)))
    with pytest.raises(RstdpError, match=words):
        learner.learn(*next_episode(cartpole, learner, demo_physics))
    assert learner.running is learner.deployed is shipped and learner.episode == 0


@pytest.mark.parametrize('strategy, name, values', [
    ('perturbation', 'site', ('values', 'inputs')), ('rstdp', 'amplitudes', ('positive', 'all'))])
def test_a_run_keeps_what_it_began_with(shipped, strategy, name, values):
    ours, theirs = (Learner(shipped, Recipe.of('cartpole', 3, strategy).with_values({name: value}))
                    for value in values)
    with pytest.raises(OtherRunError, match=f'{name} {values[0]}, not {values[1]}'):
        theirs.restore(ours.state())
