"""Bags: the same weights again from whatever is left of a recording, and plain words if not."""

import json
import sqlite3
import struct

from bag_maker import digests, RecordedRun, replayed, rewrite, SEED, split
import pytest
import yaml

from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.topics import TOPICS
from rstdp_ros.bags.writer import BagWriter
from rstdp_ros.cli.main import main
from rstdp_ros.plasticity import GuardParameters, make_learner
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path

# Judges often and goes back at once, so that a short run shows it.
STRICT = GuardParameters(window=2, tolerance=0.0)


@pytest.mark.parametrize('storage, guard', [('mcap', 'recheck'), ('sqlite3', 'recheck'),
                                            ('mcap', 'snapshot')])
def test_whatever_happens_in_a_run_is_replayed(tmp_path, record, storage, guard):
    run = record(storage=storage, guard=STRICT, guard_name=guard)
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
    run.learner = make_learner(run.network, SEED, 'default', guard_parameters=STRICT, guard=guard)
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
    """Copy a bag from a network on, given by its number among the published ones."""
    with Bag(path) as opened:
        times = [message.time for message in opened.messages(['weights'])]
    return rewrite(path, tmp_path / 'late', start=times[publications])


def test_a_recording_that_began_in_mid_run_needs_the_first_network(tmp_path, bag, shipped):
    run, path = bag
    late = later(tmp_path, path, 3)
    with pytest.raises(RstdpError, match=f'{shipped.digest[:16]}.*--initial'):
        replayed(late)
    with pytest.raises(RstdpError, match='--initial is'):
        replayed(late, SpikingQNetwork.load(share_path('models/cartpole_1.npz')))
    steps, notes, _ = replayed(late, shipped)
    assert digests(steps) == run.digests[3:] and 'after 3 episodes' in notes[0]


def test_what_the_guard_took_from_before_the_recording_is_named(tmp_path, record, shipped):
    run = record(guard=GuardParameters(window=2, patience=1))
    for _ in range(16):
        run.play()
    run.close()
    late = later(tmp_path, tmp_path / 'bag', 3)
    steps, *_ = replayed(late, shipped)
    assert [s.episode for s in steps] == list(range(3, 16))
    assert all(step.equal or 'from before the recording' in step.reason for step in steps)
    assert 3 <= sum(step.equal for step in steps) < len(steps)


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
    learn, honest = run.learner.learn, run.learner.strategy.parameters

    def secretly(*arguments, **origin):
        run.set(eligibility_gain=0.005)
        result = learn(*arguments, **origin)
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
    # The recorder secures chunk by chunk.
    whole = next(rewrite(file, tmp_path / 'chunks', chunk=50).glob('*.mcap')).read_bytes()
    file.write_bytes(whole[:int(cut * len(whole))])
    steps, _, complaints = replayed(path)
    # Episodes differ in length, so their share is only about that of the bytes.
    assert digests(steps) == run.digests[:len(steps)] and abs(len(steps) / 8 - cut) < 0.3
    assert 'no metadata.yaml' in complaints[0] and 'was killed' in complaints[1]


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
    monkeypatch.setattr(files, 'FLOAT_VERSION', 3)
    files.network_to_bytes.cache_clear()
    run = RecordedRun(tmp_path / 'bag', network=shipped, physics=demo_physics)
    run.play()
    run.close()
    monkeypatch.undo()
    files.network_to_bytes.cache_clear()
    with pytest.raises(RstdpError, match='format version 3'):
        replayed(tmp_path / 'bag')


def test_a_bag_of_another_task_is_refused(bag, capsys):
    _, path = bag
    model = str(share_path('models/acrobot_0.npz'))
    assert main(['replay', str(path), '--model', model]) == 2
    assert "'acrobot', not 'cartpole'" in capsys.readouterr().err


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


def test_paths_that_sqlite_takes_for_something_else_are_refused(tmp_path, record, bag):
    odd = tmp_path / 'run #3'
    with pytest.raises(RstdpError, match='# in a path'):
        BagWriter(odd, 'sqlite3')
    assert not odd.exists() and not (tmp_path / 'run ').exists()
    run, path = bag
    path.rename(odd)
    assert digests(replayed(odd)[0]) == run.digests  # mcap does not mind


@pytest.mark.parametrize('options, name', [(['--live', '--set', 'tau_c=20'], '--set'),
                                           (['--live', '--json'], '--json'),
                                           (['--start', '3'], '--start'), (['--loop'], '--loop')])
def test_options_without_effect_are_refused(bag, options, name, capsys):
    assert main(['replay', str(bag[1]), *options]) == 2
    assert f'{name} has no effect' in capsys.readouterr().err
