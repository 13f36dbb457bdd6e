"""Whatever a callback raises, a start lacks or a stop interrupts: the node says it and goes on."""

from collections import Counter
import importlib.util
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

from forking import Supervisor
from graphs import children, demo_nodes, digests_in, offline, probe, start_demo, wait_for
import numpy as np
from places import HELPERS
import pytest

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.bringup.surroundings import check_surroundings
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.plasticity import Recipe
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.plasticity.silence import SILENT
from rstdp_ros.protocol.reading import read_joints
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import REASON_LENGTH, shortened

ROS = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                         reason='ROS 2 is not installed')


@ROS
@pytest.mark.fault('messages', '`/clock` that is no time', 'any node with `use_sim_time` died')
def test_a_clock_that_is_none_is_refused(domain, tmp_path, measured):
    nodes = [NodeDescription(n.name, {**n.parameters, 'use_sim_time': True})
             for n in demo_nodes(tmp_path, 1000, real_time_factor=5)]
    with Supervisor(nodes, tmp_path) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        for name, times in probe('impossible_times', 3).items():
            assert int(times) >= 3, name
        learned = len(digests_in(tmp_path))
        wait_for(lambda: len(digests_in(tmp_path)) > learned, graph)
        assert graph.poll() == []
    measured('refused and counted by every node')


@ROS
def test_a_node_that_cannot_join_ends_with_a_traceback():
    hung = subprocess.run([sys.executable, '-c', """
import time
from rstdp_ros.nodes import node
node.JOIN_LIMIT = 0.2
with node.joining():
    pass
time.sleep(0.4)  # one that has joined stays
with node.joining():
    time.sleep(60)
"""], stderr=subprocess.PIPE, text=True, timeout=50)
    assert hung.returncode == 1
    assert 'Timeout' in hung.stderr and 'line 9 in <module>' in hung.stderr


@ROS
@pytest.mark.parametrize('node', ['stand_in', 'environment', 'policy'])
def test_an_error_in_a_callback_is_told_once_and_counted(domain, tmp_path, node):
    program = tmp_path / 'broken.py'
    program.write_text(f"""
import sys
from rstdp_ros.nodes import {node} as module
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
kind = next(c for n, c in vars(module).items() if n == {node.title().replace('_', '')!r} + 'Node')
class Broken(kind):
    def __init__(self):
        super().__init__()
        self.health = self.health or Health(self)
        self.create_timer(0.05, self.fail)
    def fail(self):
        from rstdp_ros.tasks import get_task
        get_task('cartpole').robot.observation(['x' * 10_000, 0.0], [0.0, 0.0])
sys.exit(run_node(Broken))
""")
    process = subprocess.Popen([sys.executable, program], stderr=subprocess.PIPE, text=True)
    try:
        first, values = (probe('diagnostics_with', node, 'unexpected errors') for _ in range(2))
    finally:
        process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert int(values['unexpected errors']) > int(first['unexpected errors'])
    assert errors.count('please report') == 1 and errors.count('in fail') == 1
    assert len(values['last fault']) <= REASON_LENGTH


class StumblingDescription(NodeDescription):
    """Runs test/support/stumbling.py."""

    module = 'stumbling'


@ROS
def test_an_error_while_learning_costs_no_episode(domain, tmp_path, monkeypatch, cartpole, shipped,
                                                  demo_physics):
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(
        [str(HELPERS), os.environ.get('PYTHONPATH', '')]))
    *others, adaptation = demo_nodes(tmp_path, 8)
    nodes = [*others, StumblingDescription('adaptation', adaptation.parameters)]
    with Supervisor(nodes, tmp_path) as graph:
        assert wait_for((tmp_path / ADAPTED).exists, graph) == []
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 8)
    log = (tmp_path / 'adaptation.log').read_text()
    assert log.count('please report') == 1 and 'x' * REASON_LENGTH not in log


@ROS
@pytest.mark.parametrize('node, parameters', [
    ('replay', ['bag:=/nowhere/bag']), ('replay', ['rate:=-1.0']), ('recorder', ['storage:=wax']),
    ('watchdog', ['task:=juggling']), ('environment', ['plant:=robot', 'clock:=lockstep']),
    ('stand_in', ['record:=/nowhere/commands']), ('policy', ['task:=cartpole', 'backend:=wax'])])
@pytest.mark.fault('messages', 'a node that cannot work, such as a replay of a missing bag',
                   'exit code 1 behind an AttributeError, so that launch started it for ever')
def test_the_exit_code_of_a_failed_construction_is_kept(domain, node, parameters, measured):
    words = [word for parameter in parameters for word in ('-p', parameter)]
    done = subprocess.run([sys.executable, '-m', f'rstdp_ros.nodes.{node}', '--ros-args', *words],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and 'Traceback' not in done.stderr, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith('rstdp_ros: error: ')
    measured('exit code 2 and one sentence')


@ROS
@pytest.mark.parametrize('node, parameters, now, complaint', [
    ('environment', ['backend:=robot', 'clock:=lockstep'], 'plant', 'plant robot needs'),
    ('adaptation', ['rule:=wax'], 'strategy', 'wax')])
def test_an_earlier_name_of_a_parameter_is_understood(domain, node, parameters, now, complaint):
    words = [word for parameter in parameters for word in ('-p', parameter)]
    done = subprocess.run([sys.executable, '-m', f'rstdp_ros.nodes.{node}', '--ros-args', *words],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and complaint in done.stderr.splitlines()[-1]
    assert f'is called {now} now' in done.stderr


@ROS
@pytest.mark.parametrize('variables, words, reason', [
    ({}, ('demo', 'cartpole', '--namespace', 'a b'), 'no namespace'),
    ({}, ('record', '--namespace', '2nd'), 'no namespace'),
    ({}, ('check', 'environment', 'cartpole', '--namespace', 'a//b'), 'no namespace'),
    ({'HOME': None}, ('demo', 'cartpole'), 'HOME is not set'),
    ({'HOME': None}, ('record',), 'HOME is not set'),
    ({'ROS_LOG_DIR': '/proc/nowhere'}, ('demo', 'cartpole'), 'logs cannot be kept'),
    ({'ROS_HOME': '/dev/null'}, ('record',), 'logs cannot be kept')])
@pytest.mark.fault('messages', 'a namespace that is none, no HOME, no log folder',
                   'tracebacks of every node, again and again')
def test_what_no_node_could_start_with_is_said_first(domain, tmp_path, variables, words, reason):
    environment = {**os.environ, **variables, 'PYTHONPATH': os.getcwd()}
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros', *words], capture_output=True,
                          text=True, timeout=60, cwd=tmp_path,
                          env={k: v for k, v in environment.items() if v is not None})
    assert done.returncode == 2 and reason in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and not list(tmp_path.iterdir())


@ROS
@pytest.mark.parametrize('variables, words', [
    ({'HOME': None}, ()), ({}, ('-r', '__ns:=/a b')), ({}, ('-p', '=')),
    ({'ROS_LOG_DIR': '/proc/nowhere'}, ())])
def test_a_node_that_ros_does_not_start_says_so(domain, variables, words):
    environment = {**os.environ, **variables}
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros.nodes.policy', '--ros-args', *words],
                          capture_output=True, text=True, timeout=60,
                          env={k: v for k, v in environment.items() if v is not None})
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith('rstdp_ros: error: ')


@pytest.mark.parametrize('namespace', ['', '/', 'a', '/a/b_2', 'a/'])
def test_namespaces_that_are_some(namespace, tmp_path):
    check_surroundings(namespace, {'ROS_HOME': str(tmp_path)})


@ROS
@pytest.mark.fault('learning', 'SIGTERM of `demo`', 'no `adapted.npz`')
def test_sigterm_keeps_what_was_learned(domain, tmp_path, measured):
    demo = start_demo(tmp_path, '--episodes', 10_000)
    wait_for(lambda: len(digests_in(tmp_path)) >= 12)
    demo.terminate()
    wait_for(lambda: not children(tmp_path) or demo.poll() is not None)
    demo.terminate()  # an impatient service manager changes nothing
    output, errors = demo.communicate(timeout=30)
    assert demo.returncode == 128 + signal.SIGTERM and 'keeping what was learned' in errors
    result = json.loads(output)
    assert SpikingQNetwork.load(tmp_path / ADAPTED).digest == result['deployed_digest']
    assert not children(tmp_path)
    measured('`adapted.npz`, as after Ctrl-C; exit code 143')


def silent(network, *layers):
    """Return a network in which these hidden layers never spike."""
    weights = [0.0 * w if i + 1 in layers else w for i, w in enumerate(network.weights)]
    return network.replace(weights=weights)


@pytest.mark.parametrize('layers, named', [((1,), '1 and 2'), ((2,), '2')])
def test_a_network_that_does_not_spike_is_named(cartpole, shipped, demo_physics, layers, named):
    recipe = Recipe.of('cartpole', 200_000_000, guard='none')
    _, records = adapt(Adaptation(cartpole, silent(shipped, *layers), demo_physics, 2, recipe))
    assert [r.event for r in records] == 2 * [f'{SILENT}: no spikes in hidden layer {named}']
    _, records = adapt(Adaptation(cartpole, shipped, demo_physics, 2, recipe))
    assert not any(r.event for r in records)


@ROS
@pytest.mark.fault('learning', 'a network in which no hidden neuron spikes',
                   'twelve lines of weight change 0.0000 and not a word')
def test_a_network_that_does_not_spike_is_a_warning(domain, tmp_path, shipped, measured):
    silent(shipped, 1).save(tmp_path / 'silent.npz')
    nodes = demo_nodes(tmp_path, 1000, model=str(tmp_path / 'silent.npz'), real_time_factor=10)
    with Supervisor(nodes, tmp_path):
        level, message = probe('summary_with', 'adaptation', SILENT)
    assert level == 1 and 'hidden layer 1 and 2' in message
    measured('said after the first episode, WARN in diagnostics')


@pytest.mark.parametrize('text', ['x' * 10**6, 'a\x1b[2Jb', '\ud800', 'a\nb\0'])
def test_words_of_strangers_are_short_and_plain(text):
    assert len(shortened(text)) <= REASON_LENGTH and shortened(text).isprintable()


@pytest.mark.parametrize('value', [1e200, -1e308, 1e10])
def test_joints_beyond_reason_are_refused(value):
    class Message:
        name, velocity = ['cart', 'pole'], [0.0, 0.0]
        position = np.array([0.0, value])

    with pytest.raises(RstdpError, match='pole'):
        read_joints(Message, ['cart', 'pole'])


@ROS
def test_a_report_forgets_what_is_no_longer_so():
    from rstdp_ros.nodes.learning_report import LearningReport
    from rstdp_ros.plasticity.records import EpisodeRecord
    from rstdp_ros.protocol.outputs import Learned
    row = {'value': 2.0, 'low': 1.0, 'high': 3.0, 'nominal': 1.0}
    found = {'identified': {'mass': row}}
    health = SimpleNamespace(values={}, counters=Counter())
    run = SimpleNamespace(learner=SimpleNamespace(strategy=SimpleNamespace(
        findings=lambda: found)))
    report = LearningReport(health, SimpleNamespace(info=str), run)
    learned = Learned(EpisodeRecord(0, 1, 33.0, 0.1, 33.0, None, '', 'a', 'a'))
    report.learned(learned)
    assert health.values['identified mass'] == '2 (1 to 3)'
    assert health.values['last return'] == '33'
    report.forget()
    assert not health.values
    found.clear()
    report.learned(learned)
    assert 'identified mass' not in health.values
    found['identified'] = {'mass': row}
    report.learned(learned)
    found['identified'] = {'mass': {**row, 'value': 1.0}}
    report.learned(learned)
    assert 'identified mass' not in health.values
