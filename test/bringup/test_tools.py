"""What people do with ROS 2's own tools: misspell, dump and load, launch twice, interrupt."""

import importlib.util
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

from graphs import demo_graph, own_domain, probe, wait_for
from places import ROOT
import pytest

from rstdp_ros.bringup import describe_graph, launching, make_run_dir
from rstdp_ros.bringup.arguments import all_arguments
from rstdp_ros.nodes.names import known_names
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import TASKS

needs_ros = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                               reason='ROS 2 is not installed')
EPISODES = 12


@pytest.mark.fault('tools', 'a misspelt launch argument', 'swallowed: pole_mas:=0.9 set nothing')
@pytest.mark.parametrize('task, name, near', [
    ('cartpole', 'pole_mas', 'pole_mass'), ('cartpole', 'link_mass', 'pole_mass'),
    ('cartpole', 'real_time_facter', 'real_time_factor'), ('acrobot', 'sed', 'seed')])
def test_an_unknown_launch_argument_is_refused(task, name, near):
    with pytest.raises(RstdpError, match=f"'{name}'; did you mean '{near}'"):
        describe_graph(task, {name: 2})


@pytest.mark.parametrize('command, checked', [
    ('ros2 launch rstdp_ros some.launch.py', True), ('ros2 launch ./some.launch.py', True),
    ('ros2 launch my_robot all.launch.py', False)])
def test_a_file_that_includes_ours_has_arguments_of_its_own(monkeypatch, tmp_path, command,
                                                            checked):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', command.split())
    context = SimpleNamespace(argv=['map:=x', 'seed:=1'], get_locals_as_dict=lambda: {
        'current_launch_file_path': str(tmp_path / 'some.launch.py')})
    assert launching._on_command_line(context) == (['map', 'seed'] if checked else [])


def graph_with_file(folder, key, text):
    """Describe a robot's graph with a parameter file."""
    path = folder / 'robot.yaml'
    path.write_text(f'{key}:\n  ros__parameters:\n    {text}\n')
    return describe_graph('cartpole', {'plant': 'robot', 'params_file': str(path)})


@pytest.mark.fault('tools', 'a misspelt name in a parameter file',
                   'swallowed: effort_limt: 5.0 left a limit of 10, checklist ok')
@pytest.mark.parametrize('key, text, reason', [
    ('/**', 'effort_limt: 5.0', "'effort_limt'; did you mean 'effort_limit'"),
    ('environment', 'effort_limt: 5.0', "'effort_limt'; did you mean 'effort_limit'"),
    ('/arm/environment', 'joint_limits: {cart_to_pole: {max_postion: 0.3}}',
     "did you mean 'joint_limits.cart_to_pole.max_position'"),
    ('/**', 'joints.cart_to_pol.name: pivot', "did you mean 'joints.cart_to_pole.name'"),
    ('/**', 'link_mass: 2.0', "'link_mass'"), ('policy', 'effort_limit: 5.0', "'effort_limit'"),
    ('enviroment', 'effort_limit: 5.0', "node 'enviroment'; did you mean 'environment'"),
    ('/**', 'use_sim_tim: true', "'use_sim_tim'")])
def test_an_unknown_parameter_of_a_file_is_refused(tmp_path, key, text, reason):
    with pytest.raises(RstdpError, match=re.escape(reason)) as refusal:
        graph_with_file(tmp_path, key, text)
    assert 'robot.yaml' in str(refusal.value)


@pytest.mark.parametrize('key, text', [
    ('/**', 'use_sim_time: true'), ('/**', 'tau_c: 20.0'), ('/**', 'command_timeout: 0.2'),
    ('/*', 'effort_limit: 5.0'), ('/arm/environment', 'joints: {cart_to_pole: {name: pivot}}'),
    ('/**', 'qos_overrides: {/observation: {subscription: {depth: 2}}}'),
    ('controller_manager', 'update_rate: 100'), ('effort_controller', 'joints: [slider]')])
def test_a_file_may_speak_to_several_nodes(tmp_path, key, text):
    assert graph_with_file(tmp_path, key, text)


def test_a_file_that_is_keyed_by_nothing_is_refused(tmp_path):
    path = tmp_path / 'flat.yaml'
    path.write_text('effort_limit: 5.0\n')
    with pytest.raises(RstdpError, match='keyed /\\*\\*: or by node'):
        describe_graph('cartpole', {'params_file': str(path)})


def test_the_known_names_are_those_of_the_reference():
    text = (ROOT / 'docs/parameters.md').read_text()
    rows = re.findall(r'^\| `([a-z_0-9.]+)` \|', text, re.M)
    rows += re.findall('Earlier name: `([a-z_]+)`', text)
    known = set().union(*(names for task in TASKS for names in known_names(task).values()))
    assert known == set(rows)


@needs_ros
@pytest.mark.fault('tools', 'an unknown override (-p) of a node', 'swallowed')
@pytest.mark.parametrize('node, override, near', [
    ('environment', 'effort_limt:=5.0', 'effort_limit'), ('policy', 'modle:=x', 'model'),
    ('adaptation', 'tau_cc:=5.0', 'tau_c'), ('environment', 'link_mass:=2.0', 'pole_mass')])
def test_a_node_refuses_an_override_that_nobody_knows(domain, node, override, near):
    done = subprocess.run([sys.executable, '-m', f'rstdp_ros.nodes.{node}', '--ros-args', '-p',
                           override, '-p', 'tau_c:=5.0', '-p', 'use_sim_time:=false'],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].endswith(f"did you mean '{near}'?")


@pytest.mark.fault('tools', 'a run_dir that cannot be made', 'refused after all nodes had started')
@pytest.mark.parametrize('folder', ['/proc/x', '/dev/null/run', __file__])
def test_a_run_dir_that_cannot_be_made_is_refused_before_anything_starts(folder):
    with pytest.raises(RstdpError, match='cannot keep a run there'):
        make_run_dir(describe_graph('cartpole', {'run_dir': folder}))


@pytest.mark.fault('tools', 'what an empty default means', '--show-args said nothing')
def test_every_argument_says_what_leaving_it_out_means():
    arguments = [a for task in TASKS for a in all_arguments(task)]
    assert all(a.default or 'If omitted: ' in a.description for a in arguments)
    seed, = {a.description for a in arguments if a.name == 'seed'}
    assert seed.endswith('If omitted: from params_file, otherwise 200000000.')


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    """Run the demo's graph until it has learned all it should; it goes on without learning."""
    folder = tmp_path_factory.mktemp('over')
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own_domain().items():
            patch.setenv(name, value)
        with demo_graph(folder, EPISODES) as supervisor:
            wait_for((folder / ADAPTED).exists, supervisor)
            yield supervisor


def seconds_of(processes):
    """Return the processor time that processes have used."""
    fields = [Path(f'/proc/{p.pid}/stat').read_text().rsplit(')', 1)[1].split()
              for p in processes]
    return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf('SC_CLK_TCK')


@needs_ros
@pytest.mark.fault('tools', 'a graph that has learned all it should',
                   '1.2 cores busy for ever')
def test_what_is_over_goes_on_at_the_tasks_own_pace(graph, measured):
    def rate():
        return float(probe('diagnostics_with', 'policy', 'active weights')[
            'observation per second'])
    wait_for(lambda: 0 < rate() < 60, graph)
    processes = [child.process for child in graph.children.values()]
    before, began = seconds_of(processes), time.monotonic()
    assert 0 < rate() < 60
    time.sleep(3.0)
    cores = (seconds_of(processes) - before) / (time.monotonic() - began)
    measured(f'{cores:.2f} cores, 50 steps per second')
    assert cores < 0.6
    probe('set_parameters', [['adaptation', 'episodes', EPISODES + 3]])
    wait_for(lambda: f'{EPISODES + 3} episodes learned' in log_of(graph), graph)


def log_of(graph):
    """Return what adaptation has logged."""
    return (graph.folder / 'adaptation.log').read_text()


@needs_ros
@pytest.mark.fault('tools', 'a network that the guard keeps', 'logged twice')
def test_what_the_guard_did_is_logged_once(graph):
    assert log_of(graph).count('kept') == 1
    assert probe('diagnostics_with', 'adaptation', 'kept')['kept'] == '1'


@needs_ros
@pytest.mark.fault('tools', 'ros2 param load of a dump',
                   'failed for 30 start-only parameters and 25 QoS overrides per node')
@pytest.mark.parametrize('node', ['environment', 'policy', 'adaptation'])
def test_a_dump_can_be_loaded_again(graph, node):
    count, refused = probe('load_again', node)
    assert count > 20 and not refused
    name = 'qos_overrides./weights_active.publisher.depth'
    if node == 'policy':
        reason, other = probe('set_parameters', [[node, name, 7], [node, 'task', 'acrobot']])
        assert 'can only be set at the start' in reason and 'the start' in other


@needs_ros
@pytest.mark.fault('tools', 'ros2 param set pole_mass 1', 'made an integer of a double')
def test_a_double_stays_one(graph):
    double = 3
    for node, name in (('environment', 'pole_mass'), ('environment', 'effort_limit'),
                       ('adaptation', 'tau_c')):
        assert probe('set_parameters', [[node, name, 10]]) == ['']
        assert probe('types', node, name) == [double]


@needs_ros
@pytest.mark.fault('tools', 'services of a robot_state_publisher that is not there', 'listed')
def test_nobody_lists_a_service_that_nobody_serves(graph):
    assert not probe('clients', 'environment', '/environment/enable')


@needs_ros
@pytest.mark.fault('tools', 'two launches in one namespace',
                   'both lost nearly all episodes; the only hint was aborted: reset')
def test_another_adaptation_is_noticed(domain, tmp_path):
    with demo_graph(tmp_path / 'a', 10_000) as first:
        wait_for(lambda: 'episode    3' in log_of(first), first)
        # One that comes back after a kill is no other.
        first.children['adaptation'].process.kill()
        wait_for(lambda: 'resumed after' in log_of(first), first)
        wait_for(lambda: log_of(first).rsplit('resumed', 1)[1].count('return') > 3, first)
        assert 'somebody else publishes' not in log_of(first)
        with demo_graph(tmp_path / 'b', 10_000) as second:
            for graph in (first, second):
                wait_for(lambda graph=graph: 'another adaptation in this namespace?'
                         in log_of(graph), graph)
            values = probe('diagnostics_with', 'adaptation', 'weights of others')
            assert int(values['weights of others']) > 0


@needs_ros
@pytest.mark.fault('tools', 'a second Ctrl-C while a node ends', 'exit code -2')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('node', ['environment', 'adaptation'])
def test_impatience_does_not_change_the_exit_code(domain, node, number):
    process = subprocess.Popen([sys.executable, '-m', f'rstdp_ros.nodes.{node}'],
                               stderr=subprocess.PIPE, text=True)
    wait_for(lambda: 'ready' in process.stderr.readline())
    while process.poll() is None:
        process.send_signal(number)
        time.sleep(0.002)
    assert process.returncode == 0
