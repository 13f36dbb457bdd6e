"""Bags: the same weights again from whatever is left of a recording, and plain words if not."""

from collections import Counter
from dataclasses import replace
import json
import sqlite3
import struct

from bag_maker import RecordedRun, rewrite, SEED, split
import numpy as np
import pytest
import yaml

from rstdp_ros.bags.events import learning_events
from rstdp_ros.bags.inspection import Inspector
from rstdp_ros.bags.player import Cue, Player
from rstdp_ros.bags.reader import Bag, Message
from rstdp_ros.bags.replay import Replay
from rstdp_ros.bags.shadow import shadow
from rstdp_ros.bags.topics import TOPICS
from rstdp_ros.bags.what_if import divergences
from rstdp_ros.bags.writer import BagWriter
from rstdp_ros.cli.main import main
from rstdp_ros.errors import RstdpError
from rstdp_ros.plasticity import GuardParameters, make_learner, preset
from rstdp_ros.resources import share_path
from rstdp_ros.snn import SpikingQNetwork

pytest.importorskip('rosbags')

# Judges often and goes back at once, so that a short run shows it.
STRICT = GuardParameters(window=2, tolerance=0.0)


@pytest.fixture
def record(tmp_path, shipped, demo_physics):
    """Return a function that begins to record a run into tmp_path / 'bag'."""
    def begin(**choices):
        return RecordedRun(tmp_path / 'bag', network=shipped, physics=demo_physics, **choices)
    return begin


@pytest.fixture
def bag(tmp_path, record):
    """Record eight plain episodes."""
    run = record()
    for _ in range(8):
        run.play()
    run.close()
    return run, tmp_path / 'bag'


def replayed(path, initial=None, **changes):
    """Return the steps of a replay, its notes, and what the reader complained about."""
    with Bag(path) as opened:
        replay = Replay(initial, changes)
        steps = list(replay.steps(learning_events(opened, Counter())))
        return steps, replay.notes, opened.complaints


def digests(steps):
    """Return what replay made."""
    return [step.record.digest if step.record else None for step in steps]


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_whatever_happens_in_a_run_is_replayed(tmp_path, record, storage):
    run = record(storage=storage, guard=STRICT)
    for late in (False, True, False):
        run.play(late=late)
    run.play(learn=False, end='aborted: reset')  # the network is published again
    run.set(tau_c=20.0)
    for _ in range(5):
        run.play()
    assert any(digest in run.digests[:i] for i, digest in enumerate(run.digests)), 'no rollback'
    run.learner.roll_back()
    run.publish()
    for _ in range(3):
        run.play()
    discarded = len(run.digests)
    run.learner = make_learner(run.network, SEED, 'default', guard_parameters=STRICT)
    run.publish()
    for _ in range(4):
        run.play()
    run.play()
    run.publish(run.learner.deployed)  # it is over
    run.close()
    steps, notes, complaints = replayed(tmp_path / 'bag')
    assert digests(steps) == run.digests and all(step.equal for step in steps)
    assert [s.episode for s in steps[discarded:]] == [0, 1, 2, 3, 4]
    assert notes == complaints == []


def test_the_last_episode_of_a_run_is_known_though_its_network_is_not_published(tmp_path, record):
    run = record(guard=STRICT)
    for _ in range(4):
        run.play()
    run.publish = lambda: RecordedRun.publish(run, run.learner.deployed)
    run.play()
    assert run.learner.deployed.digest != run.digests[-1]
    run.close()
    assert digests(replayed(tmp_path / 'bag')[0]) == run.digests


@pytest.mark.parametrize('rule', ['random', 'shuffled', 'permuted', 'independent'])
def test_random_rules_are_replayed_from_the_start_only(tmp_path, record, shipped, rule):
    run = record(rule=rule)
    for _ in range(6):
        run.play()
    run.close()
    assert digests(replayed(tmp_path / 'bag')[0]) == run.digests
    late = later(tmp_path, tmp_path / 'bag', 3)
    steps, notes, _ = replayed(late, shipped)
    assert 'began after' in notes[0]
    if rule == 'permuted':  # its one permutation follows from the seed
        assert digests(steps) == run.digests[-len(steps):]
    else:
        assert digests(steps) == [None] * len(steps)
        assert 'random numbers' in steps[0].reason


def later(tmp_path, path, publications):
    """Copy a bag from the network on that was published after so many others."""
    from rosbags.rosbag2 import Reader
    with Reader(path) as reader:
        times = [t for c, t, _ in reader.messages() if c.topic == '/weights']
    kept = rewrite(path, tmp_path / 'all')
    from rosbags.rosbag2 import StoragePlugin, Writer
    target = tmp_path / 'late'
    with Reader(kept) as reader, Writer(
            target, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        from bag_maker import STORE
        connections = {c.id: writer.add_connection(c.topic, c.msgtype, typestore=STORE)
                       for c in reader.connections}
        for connection, stamp, data in reader.messages(start=times[publications]):
            writer.write(connections[connection.id], stamp, data)
    return target


def test_a_recording_that_began_in_mid_run_needs_the_first_network(tmp_path, bag, shipped):
    run, path = bag
    late = later(tmp_path, path, 3)
    with pytest.raises(RstdpError, match=f'{shipped.digest[:16]}.*--initial'):
        replayed(late)
    with pytest.raises(RstdpError, match='--initial is'):
        replayed(late, SpikingQNetwork.load(share_path('models/cartpole_1.npz')))
    steps, notes, _ = replayed(late, shipped)
    assert digests(steps) == run.digests[3:] and 'after 3 episodes' in notes[0]


def test_an_episode_that_lacks_spikes_is_left_out_alone(tmp_path, record):
    run = record()
    for lose in (0, 0, 3, 0, 0):
        run.play(late=bool(lose), lose=lose)
    run.close()
    steps, *_ = replayed(tmp_path / 'bag')
    assert digests(steps) == [*run.digests[:2], None, *run.digests[3:]]
    assert steps[2].reason.startswith('3 of ')


def test_replay_says_where_it_parts(tmp_path, record, capsys):
    run = record()
    run.play()
    run.set(eligibility_gain=0.004)
    learn, honest = run.learner.learn, run.learner.rule.parameters

    def secretly(*arguments):
        run.set(eligibility_gain=0.005)
        result = learn(*arguments)
        run.set(eligibility_gain=honest.eligibility_gain)
        run.learner.latest['parameters']['eligibility_gain'] = honest.eligibility_gain
        return result

    run.learner.learn = secretly
    run.play()
    run.learner.learn = learn
    run.play()
    run.close()
    assert main(['replay', str(tmp_path / 'bag'), '--json']) == 1
    output = capsys.readouterr()
    assert 'replay parts at episode 1' in output.err
    result = json.loads(output.out)
    assert [e['equal'] for e in result['episodes']] == [True, False, True]
    assert not result['equal']


@pytest.mark.parametrize('how', ['MESSAGE', 'FILE', 'STORAGE', 'split'])
def test_compressed_and_split_bags_are_read(tmp_path, bag, how):
    run, path = bag
    other = tmp_path / 'other'
    other = split(path, other) if how == 'split' else rewrite(path, other, compression=how)
    assert digests(replayed(other)[0]) == run.digests
    if how in ('split', 'STORAGE'):  # the others cannot be understood without it
        (other / 'metadata.yaml').unlink()
        steps, _, complaints = replayed(other)
        assert digests(steps) == run.digests and 'no metadata.yaml' in complaints[0]


def test_a_graph_in_a_namespace_and_two_in_one_bag(tmp_path, record):
    run = record(namespace='/left')
    run.play()
    run.close()
    assert digests(replayed(tmp_path / 'bag')[0]) == run.digests
    (tmp_path / 'bag').rename(tmp_path / 'left')
    both = tmp_path / 'both'
    both.mkdir()
    (tmp_path / 'left' / 'bag.mcap').rename(both / 'left_0.mcap')
    run = record(namespace='/right')
    run.play()
    run.close()
    (tmp_path / 'bag' / 'bag.mcap').rename(both / 'right_1.mcap')
    with pytest.raises(RstdpError, match='/left, /right; choose by --namespace'):
        Bag(both)
    with Bag(both, 'right') as chosen:
        assert chosen.counts['weights'] == 2


@pytest.mark.parametrize('cut', [0.3, 0.6, 0.95])
def test_a_killed_mcap_recorder_leaves_a_bag_that_is_replayed_so_far(tmp_path, bag, cut):
    run, path = bag
    (path / 'metadata.yaml').unlink()
    file, = path.glob('*.mcap')
    file.write_bytes(smaller_chunks(tmp_path, path, cut))
    steps, _, complaints = replayed(path)
    # Episodes differ in length, so their share is only about that of the bytes.
    assert digests(steps) == run.digests[:len(steps)] and abs(len(steps) / 8 - cut) < 0.3
    assert 'no metadata.yaml' in complaints[0] and 'was killed' in complaints[1]


def smaller_chunks(tmp_path, path, cut):
    """Return the first part of the same recording as the recorder secures it: chunk by chunk."""
    from bag_maker import STORE
    from rosbags.rosbag2 import Reader, StoragePlugin, Writer
    target = tmp_path / 'chunks'
    with Reader(next(path.glob('*.mcap'))) as reader, Writer(
            target, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {c.id: writer.add_connection(c.topic, c.msgtype, typestore=STORE)
                       for c in reader.connections}
        for i, (connection, stamp, data) in enumerate(reader.messages()):
            writer.write(connections[connection.id], stamp, data)
            if i % 50 == 49:
                writer.storage.close_chunk()
    whole = next(target.glob('*.mcap')).read_bytes()
    return whole[:int(cut * len(whole))]


def test_a_killed_sqlite3_recorder_leaves_what_was_committed(tmp_path, record):
    run = record(storage='sqlite3')
    for _ in range(6):
        run.play()
    run.close()
    path = tmp_path / 'bag'
    (path / 'metadata.yaml').unlink()
    file, = path.glob('*.db3')
    # A writer that dies in mid-transaction: what it changed lies in the file, how it was before
    # in the journal.
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute('PRAGMA cache_size = 1')
    connection.execute('BEGIN')
    connection.execute("UPDATE messages SET data = x'00'")
    copy = tmp_path / 'copy'
    copy.mkdir()
    for part in path.iterdir():
        (copy / part.name).write_bytes(part.read_bytes())
    connection.execute('ROLLBACK')
    connection.close()
    assert (copy / f'{file.name}-journal').stat().st_size > 512
    steps, _, complaints = replayed(copy)
    assert digests(steps) == run.digests
    assert 'was killed' in complaints[-1]


def hollow(tmp_path):
    """Make a folder without anything of a bag."""
    (tmp_path / 'hollow').mkdir()
    return tmp_path / 'hollow'


def text_file(tmp_path):
    """Make a text file that is called like a bag's."""
    (tmp_path / 'text.mcap').write_text('not a bag, but longer than the end of one would be' * 9)
    return tmp_path / 'text.mcap'


def text_database(tmp_path):
    """Make a text file that is called like a database."""
    (tmp_path / 'text.db3').write_text('not a bag' * 100)
    return tmp_path / 'text.db3'


def plain_text(tmp_path):
    """Make a text file."""
    (tmp_path / 'notes.txt').write_text('not a bag')
    return tmp_path / 'notes.txt'


def zero_bytes(tmp_path):
    """Make an empty file."""
    (tmp_path / 'zero.mcap').touch()
    return tmp_path / 'zero.mcap'


@pytest.mark.parametrize('make, words', [
    (lambda folder: folder / 'nix', 'no such bag'), (hollow, 'not a bag'),
    (text_file, 'not an mcap file'), (text_database, 'damaged'), (plain_text, 'not a bag'),
    (zero_bytes, 'not an mcap file')])
@pytest.mark.parametrize('verb', ['replay', 'inspect'])
def test_what_is_no_bag_is_refused_in_a_sentence(tmp_path, make, words, verb, capsys):
    path = make(tmp_path)
    assert main([verb, str(path)]) == 2
    error, = capsys.readouterr().err.strip().splitlines()
    assert words in error and path.name in error


@pytest.mark.parametrize('missing, words', [
    ('weights', 'no network on the topic weights'), ('spikes', 'no spikes were recorded'),
    ('observation', ''), ('episode_end', '')])
def test_a_missing_topic_is_named(tmp_path, bag, missing, words, capsys):
    run, path = bag
    less = rewrite(path, tmp_path / 'less', lambda topic: topic != f'/{missing}')
    if words:
        with pytest.raises(RstdpError, match=words):
            replayed(less)
    else:
        assert digests(replayed(less)[0]) == run.digests
    assert main(['inspect', str(less)]) == 0
    if missing == 'observation':
        model = str(share_path('models/cartpole_1.npz'))
        assert main(['replay', str(less), '--model', model]) == 2
        assert 'no observation' in capsys.readouterr().err


def test_an_empty_bag_and_a_bag_of_something_else(tmp_path, bag):
    _, path = bag
    empty = rewrite(path, tmp_path / 'empty', lambda topic: False)
    with pytest.raises(RstdpError, match='holds no topic of a graph'):
        Bag(empty)
    RecordedRun.close(empty_run(tmp_path))
    with pytest.raises(RstdpError, match='no network on the topic weights'):
        replayed(tmp_path / 'nothing')


def empty_run(tmp_path):
    """Begin a recording to which nothing comes."""
    run = RecordedRun.__new__(RecordedRun)
    run.writer = BagWriter(tmp_path / 'nothing')
    return run


def test_a_bag_of_another_version_is_refused(tmp_path, bag, record, shipped, monkeypatch):
    _, path = bag
    metadata = path / 'metadata.yaml'
    info = yaml.safe_load(metadata.read_text())
    topic = next(t for t in info['rosbag2_bagfile_information']['topics_with_message_count']
                 if t['topic_metadata']['name'] == '/spikes')
    topic['topic_metadata']['type_description_hash'] = 'RIHS01_' + '0' * 64
    metadata.write_text(yaml.safe_dump(info))
    with pytest.raises(RstdpError, match='sensor_msgs/msg/Image.*defined otherwise'):
        Bag(path)
    topic['topic_metadata']['type'] = 'sensor_msgs/msg/CompressedImage'
    metadata.write_text(yaml.safe_dump(info))
    with pytest.raises(RstdpError, match='carries sensor_msgs/msg/CompressedImage'):
        Bag(path)


def test_networks_of_another_version_are_named(tmp_path, shipped, demo_physics, monkeypatch):
    from rstdp_ros.snn import files
    monkeypatch.setattr(files, 'FORMAT_VERSION', 2)
    files.network_to_bytes.cache_clear()
    run = RecordedRun(tmp_path / 'bag', network=shipped, physics=demo_physics)
    run.play()
    run.close()
    monkeypatch.undo()
    files.network_to_bytes.cache_clear()
    with pytest.raises(RstdpError, match='format version 2'):
        replayed(tmp_path / 'bag')


def test_a_bag_of_another_task_is_refused(bag, capsys):
    _, path = bag
    model = str(share_path('models/acrobot_0.npz'))
    assert main(['replay', str(path), '--model', model]) == 2
    assert "'acrobot', not 'cartpole'" in capsys.readouterr().err


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
    half = len(cartpole.joints)
    for state, own, differs in zip(result.states[first], itself.states, result.differ[first]):
        observation = cartpole.observe(state[:half], state[half:])
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


def test_bags_open_in_the_mcap_library(bag):
    reader = pytest.importorskip('mcap.reader')
    run, path = bag
    with next(path.glob('*.mcap')).open('rb') as file:
        opened = reader.make_reader(file, validate_crcs=True)
        messages = list(opened.iter_messages())
        summary = opened.get_summary()
    channels = {channel.topic: schema for schema, channel, _ in messages}
    spikes = channels['/spikes']
    assert (spikes.name, spikes.encoding) == ('sensor_msgs/msg/Image', 'ros2msg')
    assert b'uint8[] data' in spikes.data
    assert summary.statistics.message_count == len(messages) > 3 * sum(map(len, run.rasters))


def test_the_qos_overrides_for_ros2_bag_are_those_of_our_recorder():
    overrides = yaml.safe_load(share_path('config/record_qos.yaml').read_text())
    assert overrides == {
        topic.name if topic.name[0] == '/' else f'/{topic.name}': {
            'history': 'keep_last', 'depth': topic.depth, 'reliability': 'reliable',
            'durability': 'transient_local' if topic.latched else 'volatile'}
        for topic in TOPICS}


def cues(*rows):
    """Make what a player plays: topic, time in s, and of an observation its key."""
    return iter([Cue(Message(topic, round(at * 1e9), b''), key) for topic, at, key in rows])


def test_the_player_keeps_the_timing_and_waits_for_the_policy():
    player = Player(cues(('observation', 10.0, ('a-1', 1)), ('observation', 10.5, ('a-1', 2)),
                         ('episode_end', 11.0, None), ('episode_reward', 11.0, None),
                         ('observation', 11.1, ('a-2', 3))), rate=0.5)

    def sent(now):
        return [message.topic for message in player.poll(now)]

    assert sent(100.0) == ['observation'] and player.waiting
    assert sent(100.1) == [] and sent(100.21) == ['observation'], 'it is not sent again'
    player.answered(('a-1', 2))
    assert player.waiting, 'an answer to something else counts'
    player.answered(('a-1', 1))
    assert sent(100.9) == [] and sent(101.0) == ['observation']
    assert sent(102.0) == ['observation'], 'the end does not wait for the last answer'
    player.answered(('a-1', 2))
    assert sent(102.0) == ['episode_end', 'episode_reward']
    assert sent(102.3) == [], 'the new episode does not wait for the weights'
    player.weights_active()
    assert sent(102.3) == ['observation'] and not player.over
    player.answered(('a-2', 3))
    assert player.over and player.observations == 3


def test_the_player_does_not_wait_for_weights_that_never_come():
    player = Player(cues(('episode_end', 0.0, None), ('observation', 0.1, ('a-2', 3))))
    assert player.poll(5.0) and not player.poll(5.9) and player.poll(6.01)


def test_a_bag_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(RstdpError, match='cannot be recorded to'):
        BagWriter(tmp_path / 'file' / 'bag')
    with pytest.raises(RstdpError, match='unknown storage'):
        BagWriter(tmp_path / 'bag', 'paper')


def test_an_mcap_file_is_never_read_past_a_length_that_lies(tmp_path, bag):
    _, path = bag
    file, = path.glob('*.mcap')
    data = bytearray(file.read_bytes())
    length = struct.Struct('<Q')
    length.pack_into(data, 9, 2**62)
    file.write_bytes(data)
    with pytest.raises(RstdpError, match=r'nothing was recorded|damaged'):
        replayed(path)
