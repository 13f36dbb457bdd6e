"""The rule equals its plain reference; guard, learner and checkpoint lose nothing."""

from dataclasses import replace
import os
import signal
import subprocess
import sys
import time

from networks import random_network, with_w2
import numpy as np
import pytest
import reference

from rstdp_ros.plasticity import (
    AdaptationRun,
    GuardParameters,
    GUARDS,
    make_learner,
    NoGuard,
    preset,
    PRESETS,
    RSTDP,
    SnapshotGuard,
    STRATEGIES,
)
from rstdp_ros.plasticity.rstdp import amplitudes
from rstdp_ros.plasticity.rules import modulation
from rstdp_ros.plasticity.run import EPISODES, read_records
from rstdp_ros.plasticity.strategy import Shown
from rstdp_ros.support.errors import RstdpError

SEED = 200_000_000
# The rule and its controls, which change W2 by spikes and return alone.
RULES = sorted(name for name in STRATEGIES if issubclass(STRATEGIES[name], RSTDP))


def spikes(network, observations, seed=0):
    """Draw the spikes of an episode."""
    generator = np.random.default_rng(seed)
    shape = (observations, *network.raster_shape)
    return (generator.random(shape) < 0.2).astype(np.uint8)


@pytest.mark.parametrize('name', PRESETS)
@pytest.mark.parametrize('changes', [
    {}, {'reset_traces': False}, {'tau_plus': 2.0, 'tau_minus': 7.0, 'tau_c': 30.0},
    {'amplitudes': 'all'}, {'tau_c': 1.0}])
def test_equals_the_reference(name, changes):
    network = random_network(3)
    parameters = replace(preset(name, 'cartpole'), **changes)
    rasters = spikes(network, 25)
    episode = [(r[:, :64], r[:, 64:]) for r in rasters]
    rule = RSTDP(network, parameters)
    for _ in range(2):  # the second time nothing of the first may be left
        rule.begin_episode()
        for pre, post in episode:
            rule.observe(pre, post)
    expected = reference.eligibility(episode, parameters, rule.amplitude_plus,
                                     rule.amplitude_minus)
    assert np.abs(expected).max() > 1e-4
    assert np.abs(rule.eligibility - expected).max() <= 1e-6
    r = (1 - 120 / 200) * (-1 if parameters.flip_sign else 1)
    assert np.abs(rule.weight_change(120.0) - r * expected).max() <= 1e-6
    at_once = RSTDP(network, parameters)
    at_once.observe_rasters(rasters)
    assert np.array_equal(at_once.eligibility, rule.eligibility)
    at_once.begin_episode()
    at_once.observe_rasters(np.asfortranarray(rasters))
    assert np.array_equal(at_once.eligibility, rule.eligibility)


def bursts(network, observations):
    """Draw the spikes of neurons that are silent for long, some of them for ever."""
    generator = np.random.default_rng(4)
    rasters = spikes(network, observations)
    for neuron in range(rasters.shape[2]):
        begin, length = generator.integers(observations, size=2)
        rasters[:begin, :, neuron] = 0
        rasters[begin + length * (neuron % 3):, :, neuron] = 0
    return rasters


@pytest.mark.parametrize('sizes', [(8, 64, 64, 2), (8, 70, 130, 3)])
@pytest.mark.parametrize('changes', [
    {}, {'tau_c': 1.0}, {'tau_c': 1e6}, {'tau_plus': 30.0, 'tau_minus': 30.0},
    {'reset_traces': False}, {'flip_sign': True, 'eligibility_gain': 0.0}])
@pytest.mark.parametrize('made', [spikes, bursts])
def test_what_an_episode_teaches_is_known_from_its_last_observations(made, changes, sizes):
    """The weights are those that every spike of the episode leads to, bit for bit."""
    network = random_network(5, sizes)
    w2 = network.weights[1].copy()
    w2[:5, :9] = 0.0  # such weights show the least change
    network = with_w2(network, w2)
    rule = RSTDP(network, replace(preset('default', 'cartpole'), **changes))
    rasters = made(network, 300)
    proposal = rule.propose(Shown(network, rasters, 37.0))
    rule.begin_episode()
    rule.observe_rasters(rasters)
    expected = w2 + rule.weight_change(37.0)
    assert np.array_equal(proposal.weights[1].view(np.uint32), expected.view(np.uint32))
    assert np.array_equal(expected, w2) == (changes.get('eligibility_gain') == 0.0)


def test_amplitudes_as_text_and_code_have_them():
    w = np.array([[1.0, 3.0], [-2.0, 0.0]], np.float32)
    assert amplitudes(w, 'positive') == (2.0, 2.0)
    assert amplitudes(w, 'all') == (1.0, 0.5)
    assert amplitudes(np.abs(w), 'positive')[1] == 0.0


def test_modulation_is_eq_8_and_9():
    assert modulation('cartpole', 'paper', 200.0) == 0.0
    assert modulation('cartpole', 'paper', 50.0) == 0.75
    assert modulation('acrobot', 'paper', -50.0) == 0.0
    assert modulation('acrobot', 'authors', -500.0) == 1.0


def test_presets_differ_as_documented():
    paper, authors = (preset(name, 'cartpole') for name in ('paper', 'authors'))
    assert (paper.eligibility_gain, paper.tau_c, paper.flip_sign) == (0.01, 10.0, False)
    assert (authors.amplitudes, authors.flip_sign) == ('all', True)
    assert not preset('authors', 'acrobot').flip_sign
    for name, task in (('nix', 'cartpole'), ('paper', 'nix')):
        with pytest.raises(RstdpError, match='nix'):
            preset(name, task)


@pytest.mark.parametrize('shapes', [((8, 63), (8, 64)), ((8, 64), (7, 64)), ((64,), (64,))])
def test_refuses_spikes_that_do_not_fit(shapes):
    with pytest.raises(RstdpError, match='do not fit'):
        RSTDP(random_network(1), 'paper').observe(*(np.zeros(s) for s in shapes))


@pytest.mark.parametrize('name', sorted({*RULES} - {'rstdp'}))
def test_controls_have_the_norm_of_the_rule_another_direction_and_a_seed(name):
    network = random_network(1)
    rule, control, same = (make_learner(network, 1, 'default', strategy=r).strategy
                           for r in ('rstdp', name, name))
    for r in (rule, control, same):
        r.observe_rasters(spikes(network, 20))
    expected, change = rule.weight_change(50.0), control.weight_change(50.0)
    assert np.isclose(np.linalg.norm(change), np.linalg.norm(expected))
    assert np.array_equal(change, same.weight_change(50.0))
    alignment = (change * expected).sum() / np.linalg.norm(expected) ** 2
    assert alignment == pytest.approx(-1.0) if name == 'opposite' else abs(alignment) < 0.5
    same_entries = np.allclose(np.sort(change.ravel()), np.sort(expected.ravel()))
    assert same_entries == (name in ('shuffled', 'permuted'))
    again = control.weight_change(50.0)
    assert np.array_equal(again, change) == (name in ('opposite', 'permuted'))


def test_independent_perturbations_start_from_the_first_network(cartpole, demo_physics, shipped):
    learner = make_learner(shipped, SEED, 'paper', strategy='independent', guard='none')
    updates = []
    for _ in range(4):
        episode = cartpole.episode(learner.running, learner.next_seed, demo_physics)
        learner.learn(*episode)
        updates.append(learner.running.weights[1] - shipped.weights[1])
    norms = [np.linalg.norm(u) for u in updates]
    assert norms == sorted(norms) and norms[0] > 0
    assert abs((updates[0] * updates[1]).sum()) < 0.2 * norms[0] * norms[1]


def networks(count):
    """Return networks that can be told apart."""
    first = random_network(1)
    return [with_w2(first, first.weights[1] + i) for i in range(count)]


def judge_all(guard, sequence, returns):
    """Let a guard see a sequence of episodes; return what happened at each."""
    running, events = sequence[0], []
    for total, proposed in zip(returns, sequence[1:]):
        running, event = guard.judge(total, running, proposed)
        events.append(event)
    return running, events


def test_snapshot_keeps_the_start_of_the_best_window():
    n = networks(7)
    guard = SnapshotGuard(n[0], GuardParameters(window=2, tolerance=0.2))
    running, events = judge_all(guard, n, [100, 100, 150, 150, 140, 140])
    assert events == ['', 'kept', '', 'kept', '', '']
    assert guard.deployed is n[2] and guard.best_mean == 150
    assert running is n[6]


@pytest.mark.parametrize('returns, rolled_back', [
    ([100, 100, 81, 81], False), ([100, 100, 79, 79], True),
    ([-100, -100, -119, -119], False), ([-100, -100, -121, -121], True)])
def test_snapshot_rolls_back_beyond_the_tolerance(returns, rolled_back):
    n = networks(5)
    guard = SnapshotGuard(n[0], GuardParameters(window=2, tolerance=0.2))
    running, events = judge_all(guard, n, returns)
    assert (events[-1] == 'rolled back') == rolled_back
    assert running is (n[0] if rolled_back else n[4])


def test_no_guard_deploys_what_runs():
    n = networks(3)
    guard = NoGuard(n[0])
    running, _ = judge_all(guard, n, [1, 0])
    assert running is guard.deployed is n[2]


def play(run, cartpole, physics, count):
    """Let a run learn from episodes of its own; return the digests."""
    digests = []
    for _ in range(count):
        learner = run.learner
        episode = cartpole.episode(learner.running, learner.next_seed, physics)
        digests.append(run.finish_episode(episode.rasters, episode.episode_return).digest)
    return digests


@pytest.mark.parametrize('rule', RULES)
@pytest.mark.parametrize('guard', sorted(GUARDS))
def test_a_resumed_run_goes_on_bit_for_bit(rule, guard, cartpole, demo_physics, shipped, tmp_path):
    def start(folder):
        learner = make_learner(shipped, SEED, 'paper', strategy=rule, guard=guard,
                               guard_parameters=GuardParameters(window=3))
        return AdaptationRun(learner, folder)

    undisturbed = start(None)
    expected = play(undisturbed, cartpole, demo_physics, 12)
    assert len(set(expected)) >= 6
    digests = []
    for part in (1, 4, 7):  # a fresh object each time: nothing may live in memory alone
        run = start(tmp_path)
        assert run.resume(pytest.fail) == bool(digests)
        digests += play(run, cartpole, demo_physics, part)
    assert digests == expected
    assert [r.digest for r in read_records(tmp_path / EPISODES)] == expected
    assert run.learner.deployed.digest == undisturbed.learner.deployed.digest


def test_damaged_checkpoints_are_reported_and_passed_over(cartpole, demo_physics, shipped,
                                                          tmp_path):
    run = AdaptationRun(make_learner(shipped, SEED, 'default'), tmp_path)
    digests = play(run, cartpole, demo_physics, 5)
    newest, second, *_ = run.store.paths()
    newest.write_bytes(newest.read_bytes()[:-500])
    second.write_text('not a checkpoint')
    foreign = AdaptationRun(make_learner(shipped, SEED + 1, 'default'), tmp_path / 'foreign')
    play(foreign, cartpole, demo_physics, 1)
    (tmp_path / 'checkpoint_9999999.npz').write_bytes(
        foreign.store.paths()[0].read_bytes())

    reasons = []
    again = AdaptationRun(make_learner(shipped, SEED, 'default'), tmp_path)
    assert again.resume(reasons.append)
    assert again.learner.episode == 3
    assert len(reasons) == 3 and 'another run' in reasons[0] and 'damaged' in reasons[1]
    assert play(again, cartpole, demo_physics, 2) == digests[3:]


def test_another_runs_folder_is_left_alone(cartpole, demo_physics, shipped, tmp_path):
    run = AdaptationRun(make_learner(shipped, SEED, 'default'), tmp_path)
    play(run, cartpole, demo_physics, 2)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    other = AdaptationRun(make_learner(shipped, SEED + 1, 'default'), tmp_path)
    with pytest.raises(RstdpError, match='another run'):
        other.resume(lambda reason: None)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(RstdpError, match='cannot keep a run'):
        AdaptationRun(make_learner(shipped, SEED, 'default'), tmp_path / EPISODES)


def test_checkpoints_are_kept_in_number(cartpole, demo_physics, shipped, tmp_path):
    run = AdaptationRun(make_learner(shipped, SEED, 'default'), tmp_path)
    play(run, cartpole, demo_physics, 9)
    assert len(run.store.paths()) == run.store.keep
    assert not list(tmp_path.glob('.*'))


WRITER = """
import sys
from pathlib import Path
from rstdp_ros.support.atomic import write_atomically
path = Path(sys.argv[1])
print('ready', flush=True)
while True:
    for letter in b'ab':
        write_atomically(path, bytes([letter]) * 3_000_000)
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / 'file'
    for delay in (0.01, 0.03, 0.05, 0.08, 0.1):
        process = subprocess.Popen([sys.executable, '-c', WRITER, str(path)],
                                   stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if path.exists():
            data = path.read_bytes()
            assert len(data) == 3_000_000 and len(set(data)) == 1


def test_restart_and_rollback(cartpole, demo_physics, shipped, tmp_path):
    run = AdaptationRun(make_learner(shipped, SEED, 'paper'), tmp_path)
    first = play(run, cartpole, demo_physics, 4)
    run.roll_back()
    assert run.learner.running is run.learner.deployed is shipped
    run.restart()
    assert run.learner.episode == 0 and not run.store.paths()
    assert play(run, cartpole, demo_physics, 4) == first
    assert [r.digest for r in read_records(tmp_path / 'episodes_1.jsonl')] == first


@pytest.mark.parametrize('total', [float('nan'), float('inf')])
def test_a_return_that_is_not_finite_changes_nothing(total, shipped):
    learner = make_learner(shipped, SEED, 'default')
    with pytest.raises(RstdpError, match='teaches nothing'):
        learner.learn(spikes(shipped, 3), total)
    with pytest.raises(RstdpError, match='do not fit'):
        learner.learn(np.zeros((3, 8, 5), np.uint8), 10.0)
    assert learner.running is shipped and learner.episode == 0


def test_new_weights_say_where_they_come_from(shipped):
    learner = make_learner(shipped, SEED, 'paper')
    learner.learn(spikes(shipped, 3), 10.0, episode_id='abc-1')
    origin = learner.running.metadata
    assert origin['parent'] == origin['initial'] == shipped.digest
    assert (origin['episode_id'], origin['return'], origin['seed']) == ('abc-1', 10.0, SEED)
    assert origin['parameters']['eligibility_gain'] == 0.01
