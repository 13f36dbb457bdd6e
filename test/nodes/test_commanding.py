"""
Commands, stops and who is there, at a robot: real processes over real DDS.

Each test prints its figures (``pytest -s``).
"""

import importlib.util
import math
import signal
from statistics import median
import time

from bystanders import BACK, Bystander
from forking import Supervisor
from graphs import commands_in, demo_nodes, probe, wait_for, wait_for_robot
from places import HELPERS
import pytest

from rstdp_ros.bringup import NodeDescription

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')
ERROR = 2
# A plant that the first network balances for whole episodes.
EASY = {'pole_half_length': 0.5, 'pole_mass': 0.1}


@pytest.fixture(autouse=True)
def find_modules(domain, monkeypatch):
    """Let nodes of these tests be found, in a domain of their own."""
    monkeypatch.setenv('PYTHONPATH', str(HELPERS))


@pytest.fixture
def robot(tmp_path):
    """Return a function that describes a robot's nodes, and where commands are recorded."""
    record = tmp_path / 'commands'

    def nodes(*others, without=(), driver=None, **environment):
        first, *rest = demo_nodes(tmp_path, 10_000, plant='robot', **EASY)
        first = NodeDescription('environment', {**first.parameters, **environment})
        parameters = {'record': str(record), 'set_up_after': 0.3}
        body = Bystander(driver, parameters) if driver else NodeDescription('stand_in', parameters)
        return Supervisor([n for n in (first, *rest, body) if n.name not in without]
                          + list(others), tmp_path)
    return nodes, record


def enable(graph):
    """Enable as a person does, once everybody is there."""
    wait_for(lambda: probe('enable', True)[0], graph)


def moving(record, count=5):
    """Say whether the latest commands were efforts."""
    efforts = [effort for _, effort in commands_in(record)[-count:]]
    return len(efforts) == count and all(efforts) and not any(map(math.isnan, efforts))


def wait_for_motion(record, graph):
    wait_for_robot(lambda: moving(record), graph)


def wait_for_commands(record, graph, count):
    """Wait until a number of further ones were given."""
    before = len(commands_in(record))
    wait_for(lambda: len(commands_in(record)) >= before + count, graph)


def wait_for_rest(record, graph, since):
    """Wait for zero after a moment, s; return how much later the last effort came."""
    wait_for(lambda: time.monotonic() - since > 0.5 and commands_in(record)[-1][1] == 0.0, graph)
    return max([at for at, effort in commands_in(record) if effort and at > since],
               default=since) - since


@pytest.mark.fault('robot', 'a controller that goes away in mid-motion and comes back',
                   '10 N in force 3 s later; enable succeeded while nobody listened')
def test_a_controller_that_comes_back_is_told_to_rest(robot, measured):
    nodes, record = robot
    with nodes(driver='Deserter') as graph:
        enable(graph)
        wait_for_robot(lambda: len(commands_in(record)) >= 10, graph)
        # Until it has gone, a busy machine may have stopped it for something else.
        wait_for(lambda: 'nobody listens' in probe('enable', True)[1], graph)
        probe('diagnostics_where', 'environment', 'enabled', 'False')
        record.with_suffix(BACK).touch()
        wait_for(lambda: any(math.isnan(e) for _, e in commands_in(record)), graph)
        back = next(at for at, effort in commands_in(record) if math.isnan(effort))
        wait_for(lambda: commands_in(record)[-1][1] == 0.0, graph, period=0.001)
        took = next(at for at, effort in commands_in(record) if at > back and not effort) - back
        time.sleep(1.0)
        assert not any(effort for at, effort in commands_in(record) if at > back)
    assert took < 1.0
    measured(f'zero after {took:.2f} s; disabled, and enable refused meanwhile')


@pytest.mark.fault('robot', 'two publishers on joint_states',
                   'checklist ok, enabled, 515 of 557 commands not zero')
@pytest.mark.parametrize('second', ['SecondDriver', 'SilentDriver'])
def test_a_second_driver_in_mid_run_stops_the_robot(robot, tmp_path, second, measured):
    nodes, record = robot
    with nodes() as graph:
        enable(graph)
        wait_for_motion(record, graph)
        with Supervisor([Bystander(second, {})], tmp_path / 'second') as other:
            # On a busy machine something else may have stopped it before.
            wait_for(lambda: 'second_driver and stand_in publish' in probe('enable', True)[1],
                     graph)
            assert other.poll() == []
            late = wait_for_rest(record, graph, time.monotonic())
            values = probe('diagnostics_where', 'environment', 'enabled', 'False')
            assert values['level'] == ERROR
    assert late < 0.1
    measured(f'disabled; last effort {1e3 * late:.0f} ms after it was noticed; enable refused')


def test_several_drivers_are_allowed_where_a_person_says_so(robot, tmp_path):
    nodes, record = robot
    with nodes(Bystander('SilentDriver', {}), joint_state_publishers=2) as graph:
        enable(graph)
        wait_for_motion(record, graph)


@pytest.mark.fault('robot', "somebody else's command of 25 N", 'stayed in force for 4 s')
@pytest.mark.parametrize('reliability, durability', [
    ('RELIABLE', 'VOLATILE'), ('RELIABLE', 'TRANSIENT_LOCAL'), ('BEST_EFFORT', 'VOLATILE')])
def test_the_watchdog_hears_everybody(robot, reliability, durability, measured):
    nodes, record = robot
    with nodes(without=('environment', 'policy', 'adaptation')) as graph:
        # It says zero now and then: the robot hears it.
        wait_for(lambda: commands_in(record), graph)
        at, values = probe('command_once', 25.0, reliability, durability)
        assert values['stops'] == '1'
        wait_for(lambda: len([a for a, _ in commands_in(record) if a > at]) > 5, graph)
        heard = [(a - at, effort) for a, effort in commands_in(record) if a > at]
    zero = next(after for after, effort in heard if not effort)
    assert zero < 0.35 and not any(effort for after, effort in heard if after > zero)
    # A controller that asks for reliable messages hears no other ones.
    assert (25.0 in dict(map(reversed, heard))) == (reliability == 'RELIABLE')
    measured(f'zero after {1e3 * zero:.0f} ms')


@pytest.mark.fault('robot', 'a watchdog that was stopped and goes on (SIGSTOP, SIGCONT)',
                   'zeroed the running episode')
def test_a_watchdog_that_wakes_leaves_a_running_episode_alone(robot, tmp_path, measured):
    nodes, record = robot
    # Long, so that a busy machine is not taken for a silent environment.
    timeout, pauses = 0.5, (0.3, 0.7, 2.0)
    graph = nodes(require_watchdog=False)
    graph.nodes['watchdog'].parameters['command_timeout'] = timeout
    with graph:
        enable(graph)
        process = graph.children['watchdog'].process
        for pause in pauses:
            process.send_signal(signal.SIGSTOP)
            time.sleep(pause)
            wait_for_motion(record, graph)
            process.send_signal(signal.SIGCONT)
            wait_for_commands(record, graph, 75)
        # Fast DDS may take who slept for dead: only the log is sure to say it.
        stops = (tmp_path / 'watchdog.log').read_text().count('so zero was sent')
    heard = commands_in(record)
    silences = sum(effort and after - at > 0.9 * timeout
                   for (at, effort), (after, _) in zip(heard, heard[1:]))
    assert stops <= silences
    measured(f'no false stop after {len(pauses)} pauses')


@pytest.mark.fault('robot', 'a watchdog that dies', 'diagnostics stayed ok, motion went on')
@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_without_a_watchdog_nothing_moves(robot, tmp_path, number, measured):
    nodes, record = robot
    with nodes() as graph:
        enable(graph)
        wait_for_motion(record, graph)
        process, at = graph.children['watchdog'].process, time.monotonic()
        process.send_signal(number)
        wait_for(lambda: 'no watchdog' in (tmp_path / 'environment.log').read_text()
                 .split('times enabled')[-1].split('enabled')[-1], period=0.005)
        late = wait_for_rest(record, None, at)
        values = probe('diagnostics_where', 'environment', 'enabled', 'False')
        assert values['level'] == ERROR
        process.send_signal(signal.SIGCONT)
    assert late < 2.0
    measured(f'ERROR, and the last effort {late:.1f} s later')


@pytest.mark.fault('robot', 'enable(false) among 50,000 joint states per second',
                   'answered after 8.2 s, or not within 20 s')
def test_a_stop_does_not_wait_behind_joint_states(robot, measured):
    nodes, _ = robot
    floods = [Bystander(f'Flood{i}', {}) for i in range(2)]
    with nodes(*floods, joint_state_publishers=9) as graph:
        probe('diagnostics_with', 'environment', 'joint_states per second')
        time.sleep(5.0)
        took = probe('time_to_disable', 10)
        values = probe('diagnostics_with', 'environment', 'joint_states per second')
        assert graph.poll() == []
    print(f'taken in: {values["joint_states per second"]} joint states per second')
    # DDS sends a message again after 3 s if the flood has pushed it out of the transport's buffer.
    *usual, worst = sorted(took)
    assert max(usual) < 2.0 and worst < 8.0
    measured(f'{1e3 * median(took):.0f} ms in the median, {worst:.1f} s at most')


@pytest.mark.fault('robot', 'enable while no policy runs', 'success without a word')
@pytest.mark.parametrize('plant', ['robot', 'gym'])
def test_enable_says_that_no_policy_runs(robot, tmp_path, plant, measured):
    nodes, _ = robot
    with nodes(without=('policy', 'adaptation')) if plant == 'robot' else Supervisor(
            demo_nodes(tmp_path, 10)[:1], tmp_path) as graph:
        wait_for(lambda: 'no policy runs' in probe('enable', True)[1], graph)
        enabled, reason = probe('enable', True)
    assert enabled == (plant == 'gym') and 'nobody publishes on action' in reason
    measured('a robot refuses, a simulator says so')


@pytest.mark.fault('robot', 'a policy whose first answer takes 0.3 s, in real time',
                   'every episode aborted')
def test_a_simulated_episode_waits_for_a_policy_that_warms_up(tmp_path, measured):
    environment = demo_nodes(tmp_path, 10, clock='realtime', adapt=False)[0]
    environment.parameters['action_timeout'] = 0.2
    with Supervisor([environment], tmp_path):
        ends = probe('answer_late', 0.3, 3)
    whole = [int(steps) for message, steps in ends if message in ('terminated', 'truncated')]
    # The first may be one that had waited for a policy long enough.
    assert len(whole) >= 2 and min(whole) > 20
    measured(f'whole episodes, {min(whole)} steps and more')


@pytest.mark.fault('tools', 'ros2 param set /environment effort_limit 8.0 on a simulated plant',
                   'reported as successful; the graph stood still for ever')
def test_limits_that_a_simulated_plant_cannot_keep_are_refused(tmp_path, measured):
    with Supervisor(demo_nodes(tmp_path, 10)[:1], tmp_path):
        refused = probe('set_parameters', [
            ['environment', 'effort_limit', 8.0], ['environment', 'effort_slew_limit', 400.0],
            ['environment', 'effort_limit', 0], ['environment', 'effort_limit', 12.0],
            ['environment', 'effort_slew_limit', 1000.0], ['environment', 'seed', 7]])
    assert all('raise effort_limit or effort_slew_limit' in reason for reason in refused[:3])
    assert refused[3:] == ['', '', '']
    measured('refused with the reason')
