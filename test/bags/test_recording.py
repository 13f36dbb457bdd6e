"""Recording and replaying a real graph over real DDS."""

from collections import Counter, defaultdict
import importlib.util
import json
import signal
import subprocess
import sys
import time

from bag_maker import RecordedRun
from forking import Supervisor
from graphs import demo_nodes, digests_in, offline, PATIENCE, probe, start_demo, wait_for
import pytest

from rstdp_ros.bags.events import learning_events
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.replay import Replay
from rstdp_ros.bags.writer import SECURE_PERIOD
from rstdp_ros.bringup import describe_graph, RECORDER
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.protocol.reading import read_end, to_nanoseconds
from rstdp_ros.snn import SpikingQNetwork

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ('rclpy', 'rosbags'))),
    reason='ROS 2 or rosbags is not installed')


def replayed(path):
    """Return what replay makes of a bag."""
    with Bag(path) as bag:
        return [step.record.digest if step.record else None
                for step in Replay().steps(learning_events(bag, Counter()))]


def lacking(path):
    """List (episode, topic, seen, sent) where the bag holds another number than was sent."""
    seen, sent = defaultdict(set), {}
    with Bag(path) as bag:
        for message in bag.messages(('observation', 'action', 'spikes', 'episode_end')):
            decoded = bag.decode(message)
            if message.topic == 'episode_end':
                end = read_end(decoded)
                sent[end.episode_id, 'observation'] = {end.steps}
                # Who was broken off may not have waited for an answer to the last one.
                sent[end.episode_id, 'spikes'] = {end.steps, end.steps - end.aborted}
            else:
                episode_id = decoded.header.frame_id.split('/')[0]
                seen[episode_id, message.topic].add(to_nanoseconds(decoded.header.stamp))
    assert sent
    return [(*which, len(seen[which]), counts) for which, counts in sent.items()
            if len(seen[which]) not in counts]


def test_a_recorded_demo_is_replayed_bit_for_bit(domain, tmp_path, cartpole, shipped,
                                                 demo_physics):
    bag = tmp_path / 'bag'
    demo = start_demo(tmp_path / 'run', '--episodes', 12, '--record', bag)
    output, errors = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, errors
    assert json.loads(output)['episodes'][-1]['episode'] == 11
    assert replayed(bag) == offline(cartpole, shipped, demo_physics, 12)
    assert lacking(bag) == []
    with Bag(bag) as opened:
        assert opened.complaints == [] and len(opened.custom_data) == 3
        assert json.loads(opened.custom_data['parameters of environment'])['pole_mass'] == 0.3
        assert min(opened.counts[t] for t in ('episode_reward', '/parameter_events')) >= 12


def test_the_graph_waits_for_the_recorder(domain, tmp_path, cartpole, shipped, demo_physics):
    nodes = [n for n in demo_nodes(tmp_path, 6, record=True) if n.name != RECORDER]
    with Supervisor(nodes, tmp_path) as graph:
        for node in ('environment', 'policy', 'adaptation'):
            assert 'recorder' in probe('diagnostics_with', node, 'waiting')['waiting']
        assert digests_in(tmp_path) == []
        bag = tmp_path / 'bag'
        recorder = subprocess.Popen([sys.executable, '-m', 'rstdp_ros', 'record', '--output',
                                     str(bag), '--storage', 'sqlite3'])
        try:
            wait_for((tmp_path / ADAPTED).exists, graph)
            # The last weights are sent after the file is there.
            deployed = SpikingQNetwork.load(tmp_path / ADAPTED).digest
            probe('diagnostics_where', 'policy', 'active weights', deployed)
            # So many make six episodes: a recorder on a busy machine may be behind.
            probe('counted', 'recorder', 'messages written', 1500)
        finally:
            recorder.send_signal(signal.SIGINT)
        assert recorder.wait(timeout=20) == 0
    assert replayed(bag) == offline(cartpole, shipped, demo_physics, 6)
    assert lacking(bag) == []

@pytest.mark.long
def test_killed_nodes_and_a_killed_recorder_leave_what_there_was(domain, tmp_path, cartpole,
                                                                 shipped, demo_physics):
    nodes = demo_nodes(tmp_path, 40, record=True, real_time_factor=10)
    with Supervisor(nodes, tmp_path) as graph:
        for count, name in ((2, 'adaptation'), (4, 'policy'), (5, 'environment'), (8, '')):
            wait_for(lambda n=count: len(digests_in(tmp_path)) >= n, graph)
            if name:
                graph.children[name].process.kill()
        time.sleep(SECURE_PERIOD + 0.5)
        graph.children[RECORDER].process.kill()
        wait_for((tmp_path / ADAPTED).exists, graph)
    expected = offline(cartpole, shipped, demo_physics, 40)
    assert digests_in(tmp_path) == expected
    assert not (tmp_path / 'bag' / 'metadata.yaml').exists()
    rescued = replayed(tmp_path / 'bag')
    assert 8 <= len(rescued) < 40 and rescued == expected[:len(rescued)]
    assert (tmp_path / 'bag_1').exists()


@pytest.mark.parametrize('plant', ['bag', 'foreign'])
def test_a_bag_in_the_place_of_the_environment_teaches_the_same(domain, tmp_path, shipped,
                                                                demo_physics, plant):
    run = RecordedRun(tmp_path / 'bag', network=shipped, physics=demo_physics)
    for _ in range(8):
        run.play()
    run.close()
    bag = str(tmp_path / 'bag')
    nodes = describe_graph('cartpole', {'plant': plant, 'bag': bag, 'rate': 1000,
                                        'run_dir': str(tmp_path / 'run'), 'episodes': 8,
                                        'strategy': 'rstdp'})
    with Supervisor(nodes, tmp_path) as graph:
        if plant == 'foreign':  # the bag comes from the command line, which ends with it
            done = subprocess.run([sys.executable, '-m', 'rstdp_ros', 'replay', bag, '--live',
                                   '--rate', '1000'], capture_output=True, timeout=PATIENCE)
            assert done.returncode == 0
        wait_for((tmp_path / 'run' / ADAPTED).exists, graph)
    assert digests_in(tmp_path / 'run') == run.digests


@pytest.mark.parametrize('words, reason', [
    (('record', '--storage', 'paper'), 'unknown storage'),
    (('replay', 'nix', '--live'), 'no such bag'),
    (('demo', 'cartpole', '--record', '.'), 'there already')])
def test_what_cannot_work_is_said_before_anything_starts(domain, words, reason):
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros', *words], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2 and reason in done.stderr
