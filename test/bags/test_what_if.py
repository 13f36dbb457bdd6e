"""Other parameters, another network, another look: what a bag tells beyond the same again."""

from collections import Counter
from dataclasses import replace
import json

from bag_maker import replayed, SEED
import numpy as np
import pytest

from rstdp_ros.bags.events import learning_events
from rstdp_ros.bags.inspection import Inspector
from rstdp_ros.bags.player import Cue, INITIALS, Player, REPEATS
from rstdp_ros.bags.reader import Bag, Message
from rstdp_ros.bags.replay import Replay
from rstdp_ros.bags.shadow import shadow
from rstdp_ros.bags.what_if import divergences
from rstdp_ros.cli.main import main
from rstdp_ros.plasticity import make_learner, preset
from rstdp_ros.protocol.envelope import Envelope
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.resources import share_path


def test_what_if_is_learning_from_the_same_spikes(bag, shipped):
    run, path = bag
    with Bag(path) as opened:
        replay = Replay(None, {'tau_c': 20.0})
        rows = divergences(shipped, replay.steps(learning_events(opened, Counter())))
    learner = make_learner(shipped, SEED, replace(preset('default', 'cartpole'), tau_c=20.0))
    for rasters, total, row in zip(run.rasters, run.returns, rows, strict=True):
        learner.learn(rasters, total)
        moved = learner.running.weights[1] - shipped.weights[1]
        assert row.changed == float(np.linalg.norm(moved))
    assert rows[-1].apart > 0.1 * rows[-1].recorded
    steps, *_ = replayed(path, tau_c=preset('default', 'cartpole').tau_c)
    assert {row.apart for row in divergences(shipped, steps)} == {0.0}


def test_what_if_on_the_command_line(tmp_path, bag, capsys):
    _, path = bag
    plot = tmp_path / 'plots' / 'what_if.png'
    assert main(['replay', str(path), '--set', 'tau_c=20', '--plot', str(plot), '--json']) == 0
    result = json.loads(capsys.readouterr().out)
    assert result['equal'] and result['changed'] == {'tau_c': 20.0} and plot.exists()
    assert len(result['divergence']) == 8 and 'open loop' in result['caution']
    for words in (['--set', 'tau=1'], ['--set', 'tau_c=-1'], ['--plot', 'x.png'],
                  ['--set', 'tau_c=20', '--model', 'cartpole_1']):
        assert main(['replay', str(path), *words]) == 2


def test_the_shadow_decides_on_the_recorded_observations(tmp_path, record, shipped, cartpole,
                                                         demo_physics):
    run = record()
    run.play()
    run.play()
    run.close()
    other = SpikingQNetwork.load(share_path('models/cartpole_1.npz'))
    with Bag(tmp_path / 'bag') as opened:
        itself, result = (shadow(opened, network, cartpole) for network in (shipped, other))
    first = itself.episodes == 0
    assert not itself.differ[first].any(), 'the first episode was played by this very network'
    assert result.differ.any() and not result.differ.all()
    half = len(cartpole.robot.joints)
    for state, own, differs in zip(result.states[first], itself.states, result.differ[first]):
        observation = cartpole.robot.observation(state[:half], state[half:])
        same = shipped.infer(observation).action == other.infer(observation).action
        assert same != differs and (own == state).all()
    assert len(result.differ) == sum(map(len, run.rasters))
    plot = tmp_path / 'shadow.png'
    assert main(['replay', str(tmp_path / 'bag'), '--model', 'cartpole_1', '--plot',
                 str(plot)]) == 0
    assert plot.exists()


def test_inspect_tells_what_is_there(tmp_path, record, capsys):
    run = record()
    for _ in range(3):
        run.play()
    run.play(learn=False, end='aborted: reset')
    run.close()
    with Bag(tmp_path / 'bag') as opened:
        result = Inspector(opened).inspect()
    assert [e.episode_return for e in result.episodes[:3]] == run.returns
    assert [e.observations for e in result.episodes[:3]] == [len(r) for r in run.rasters]
    assert [e.digest for e in result.episodes[1:]] == [d[:16] for d in run.digests]
    assert result.episodes[0].distance == 0.0 and result.episodes[3].distance > 0.0
    assert result.episodes[3].end == 'aborted: reset'
    assert result.parameters == {'adaptation': '{"tau_c": 10.0}'}
    changed = [d for d, before in zip(run.digests, [None, *run.digests]) if d != before]
    assert [digest for _, digest in result.published[1:]] == changed
    plot = tmp_path / 'inspect.png'
    assert main(['inspect', str(tmp_path / 'bag'), '--plot', str(plot), '--json']) == 0
    assert json.loads(capsys.readouterr().out)['task'] == 'cartpole' and plot.exists()


NEW, OLD = 'n' * 64, 'o' * 64


def cues(*rows):
    """Make what a player plays: topic, time in s, and of an observation its key."""
    return iter([Cue(Message(topic, round(at * 1e9), f'{topic} {key} a-1\0'.encode()),
                     None if topic == 'episode_end' else key,
                     *((key, 2) if topic == 'episode_end' else ())) for topic, at, key in rows])


EPISODES = (('observation', 10.0, ('a-1', 1)), ('observation', 10.5, ('a-1', 2)),
            ('episode_end', 11.0, 'a-1'), ('episode_reward', 11.0, None),
            ('observation', 11.1, ('a-2', 3)))


def sent(player, now):
    """Return the topics of what a player sends."""
    return [message.topic for message in player.poll(now)]


def play_first(player):
    """Play the first episode, by old weights, to its end at 101 s."""
    player.gate.weights_active(OLD)
    for now, stamp in ((100.0, 1), (100.5, 2)):
        assert sent(player, now) == ['observation']
        player.answered(('a-1', stamp))
    assert sent(player, 101.0) == ['episode_end', 'episode_reward']


def test_the_player_keeps_the_timing_and_waits_for_the_policy():
    player = Player(cues(*EPISODES), rate=0.5)
    assert sent(player, 99.0) == [], 'nobody says which weights are in use'
    player.gate.weights_active(OLD)
    assert sent(player, 100.0) == ['observation'] and player.waiting
    assert sent(player, 100.1) == []
    assert sent(player, 100.21) == ['observation'], 'it is not sent again'
    player.answered(('a-1', 2))
    assert player.waiting, 'an answer to something else counts'
    player.answered(('a-1', 1))
    assert sent(player, 100.9) == [] and sent(player, 101.0) == ['observation']
    assert sent(player, 102.0) == ['observation'], 'the end does not wait for the last answer'
    player.answered(('a-1', 2))
    assert sent(player, 102.0) == ['episode_end', 'episode_reward']
    assert sent(player, 102.3) == [], 'the new episode does not wait for an answer'
    assert sent(player, 102.6) == ['episode_end', 'episode_reward'], 'it is not said again'
    player.gate.weights(Envelope(NEW, 'a-1', 'learned', ('p',)), 102.6)
    player.gate.weights_active(OLD)
    assert sent(player, 102.7) == [], 'old weights are in use'
    player.gate.weights_active(NEW)
    assert sent(player, 102.8) == ['observation'] and not player.over
    player.answered(('a-2', 3))
    assert player.over and player.observations == 3 and player.repeats == 0


def test_the_player_repeats_what_was_missed_under_another_id():
    player = Player(cues(*EPISODES))
    play_first(player)
    said = 'a-1'
    for turn in range(1, REPEATS + 1):
        player.gate.weights(Envelope(OLD, said, 'again: 1 of 2 spike rasters are missing'), 102.0)
        message, = player.poll(103.0 + 3 * turn)
        said = f'{INITIALS[turn - 1]}-1'
        assert message.data.endswith(f' {said}\0'.encode())
        player.answered((said, 1))
        assert sent(player, 104.0 + 3 * turn) == ['observation']
        player.answered((said, 2))
        assert sent(player, 105.0 + 3 * turn) == ['episode_end', 'episode_reward']
    player.gate.weights(Envelope(OLD, said, 'again: whatever'), 150.0)
    message, = player.poll(150.0)
    player.answered(('a-2', 3))
    assert message.topic == 'observation' and player.over and player.repeats == REPEATS


@pytest.mark.parametrize('verdict', ['learned', 'unlearned: aborted: reset'])
def test_the_player_repeats_nothing_else(verdict):
    player = Player(cues(*EPISODES))
    play_first(player)
    player.gate.weights(Envelope(OLD, 'a-1', verdict), 102.0)
    assert sent(player, 103.0) == ['observation'] and player.repeats == 0


def test_the_player_does_not_wait_for_adaptation_that_is_not_there():
    player = Player(cues(*EPISODES))
    play_first(player)
    assert sent(player, 105.9) == ['episode_end', 'episode_reward']
    assert sent(player, 106.1) == ['observation']
    player.answered(('a-2', 3))
    assert player.over
    gate = player.gate
    gate.ended('a-2', 107.0)
    assert gate.is_open(107.0), 'nobody answered before'
    gate.weights(Envelope(OLD, 'a-1', 'learned'), 108.0)
    assert not gate.is_open(117.9) and gate.is_open(118.1)
    gate.weights(None, 120.0)
    assert not gate.is_open(121.0), 'weights without words are no answer'
