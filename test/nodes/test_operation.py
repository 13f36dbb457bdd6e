"""What a person does while the graph runs: pause, save, override QoS, stop."""

from dataclasses import replace
import importlib.util
import os
from pathlib import Path
import subprocess
import sys
import time

from forking import Supervisor
from graphs import (
    children,
    commands_in,
    demo_graph,
    demo_nodes,
    digests_in,
    offline,
    probe,
    records_in,
    SEED,
    wait_for,
)
import pytest

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.plasticity import make_learner, preset
from rstdp_ros.plasticity.run import ADAPTED

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')


def set_parameter(node, name, value):
    """Set a parameter, which must succeed."""
    assert probe('set_parameters', [[node, name, value]]) == ['']


def test_plasticity_pauses_and_goes_on(domain, tmp_path, cartpole, shipped, demo_physics):
    with demo_graph(tmp_path, 1000, real_time_factor=10) as graph:
        wait_for(lambda: len(digests_in(tmp_path)) >= 3, graph)
        set_parameter('adaptation', 'plasticity', False)
        values = probe('diagnostics_where', 'adaptation', 'learning', 'False')
        # Not the last event: the episode that ran may have been a window's last.
        assert 'learning pauses' in (tmp_path / 'adaptation.log').read_text()
        *_, last = records = records_in(tmp_path)
        assert values['running weights'] == values['deployed weights'] == last.deployed_digest
        paused = len(records)
        time.sleep(2.0)
        assert len(digests_in(tmp_path)) == paused
        set_parameter('adaptation', 'plasticity', True)
        set_parameter('environment', 'real_time_factor', 0)
        set_parameter('adaptation', 'episodes', paused + 10)
        wait_for((tmp_path / ADAPTED).exists, graph)
    digests = digests_in(tmp_path)
    assert digests == offline(cartpole, shipped, demo_physics, len(digests))


def with_change(task, network, physics, episodes, at, **changes):
    """Return the digests of a run whose parameters change before an episode."""
    learner = make_learner(network, SEED, 'default')
    digests = []
    for i in range(episodes):
        if i == at:
            learner.strategy.parameters = replace(preset('default', task.name), **changes)
        episode = task.episode(learner.running, learner.next_seed, physics)
        digests.append(learner.learn(*episode).digest)
    return digests


def test_what_is_set_live_and_saved_survives_a_death(domain, tmp_path, cartpole, shipped,
                                                     demo_physics):
    with demo_graph(tmp_path, 1000, real_time_factor=10) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        set_parameter('adaptation', 'tau_c', 20)
        saved, message = probe('trigger', 'adaptation/save')
        assert saved and 'tau_c' in message
        before = len(digests_in(tmp_path))
        wait_for(lambda: len(digests_in(tmp_path)) > before + 1, graph)
        graph.children['adaptation'].process.kill()
        wait_for(lambda: 'in force as saved: tau_c' in (tmp_path / 'adaptation.log').read_text(),
                 graph)
        set_parameter('environment', 'real_time_factor', 0)
        # More than the guard's window: it may be measuring a network, and then nothing is learned.
        set_parameter('adaptation', 'episodes', len(digests_in(tmp_path)) + 25)
        wait_for((tmp_path / ADAPTED).exists, graph)
    digests = digests_in(tmp_path)
    plain = offline(cartpole, shipped, demo_physics, len(digests))
    # The first digest that differs tells when the change took effect; all others must follow.
    at = next(i for i, (a, b) in enumerate(zip(digests, plain)) if a != b)
    assert digests == with_change(cartpole, shipped, demo_physics, len(digests), at, tau_c=20.0)


def observing(folder, policy):
    """Return the demo's nodes with other QoS for the policy's observations."""
    return [NodeDescription(n.name, {**n.parameters, 'qos_overrides': {
        '/observation': {'subscription': policy}}}) if n.name == 'policy' else n
            for n in demo_nodes(folder, 10)]


def test_qos_is_overridden_by_ros_parameters(domain, tmp_path, cartpole, shipped, demo_physics):
    with Supervisor(observing(tmp_path, {'reliability': 'best_effort'}), tmp_path) as graph:
        assert probe('reliability_of_subscribers', '/observation') == ['BEST_EFFORT']
        wait_for((tmp_path / ADAPTED).exists, graph)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 10)


def test_qos_that_does_not_match_is_seen(domain, tmp_path):
    # No publisher here promises a deadline.
    with Supervisor(observing(tmp_path, {'deadline': 1_000_000}), tmp_path):
        kind = 'publishers with incompatible QoS'
        values = probe('diagnostics_with', 'policy', kind)
        assert int(values[kind]) == 1 and 'on observation' in values['last fault']
        assert values['observation age (s)'] == 'never'


def test_a_qos_that_is_none_is_refused(domain):
    done = subprocess.run(
        [sys.executable, '-m', 'rstdp_ros.nodes.policy', '--ros-args', '-p',
         'qos_overrides./observation.subscription.reliability:=perhaps'],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and 'qos_overrides of observation' in done.stderr


def test_diagnostics_show_health(domain, tmp_path):
    with demo_graph(tmp_path, 10_000, real_time_factor=1) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        # A busy machine is slower than real time at times.
        wait_for(lambda: 30 < float(
            probe('diagnostics_with', 'policy', 'active weights')['observation per second']) < 60)
        policy = probe('diagnostics_with', 'policy', 'active weights')
        assert float(policy['observation age (s)']) < 1.0
        adaptation = probe('diagnostics_with', 'adaptation', 'episodes learned')
        assert int(adaptation['episodes learned']) >= 1 and adaptation['waits for']
        environment = probe('diagnostics_with', 'environment', 'enabled')
        assert environment['enabled'] == 'True' and environment['policies on action'] == '1'


def test_priority_is_raised_or_its_refusal_is_seen(domain, tmp_path):
    environment, *others = demo_nodes(tmp_path, 10_000, real_time_factor=1, thread_priority=20)
    with Supervisor([environment, *others], tmp_path) as graph:
        values = probe('diagnostics_with', 'environment', 'action per second')
        if 'priorities refused' in values:
            assert 'rtprio' in values['last fault']
        else:
            policies = {os.sched_getscheduler(int(thread.name)) for thread in Path(
                f'/proc/{graph.children["environment"].process.pid}/task').iterdir()}
            assert policies == {os.SCHED_FIFO}


def test_a_robot_that_does_not_fit_is_not_enabled(domain, tmp_path):
    environment, *others = demo_nodes(tmp_path, 10, plant='robot')
    wrong = {'joints.cart_to_pole.name': 'pivot'}
    nodes = [NodeDescription('environment', {**environment.parameters, **wrong}), *others,
             NodeDescription('stand_in', {})]
    said = []

    def refused():
        said.append(probe('enable', True))
        return "cart_to_pole should be called 'pivot'" in said[-1][1]
    with Supervisor(nodes, tmp_path) as graph:
        wait_for(refused, graph)
    assert not any(enabled for enabled, _ in said)
    assert 'should be called' in (tmp_path / 'environment.log').read_text()


def test_ctrl_c_leaves_a_robot_at_rest(domain, tmp_path):
    record, folder = tmp_path / 'commands', tmp_path / 'ours'
    folder.mkdir()
    nodes = [*demo_nodes(folder, 10_000, plant='robot'), NodeDescription('operator', {})]
    # A robot does not end with our nodes: on a busy machine it might before the last zero came.
    with Supervisor([NodeDescription('stand_in', {'record': str(record)})], tmp_path):
        with Supervisor(nodes, folder) as graph:
            wait_for(lambda: commands_in(record) and commands_in(record)[-1][1], graph)
            began = time.monotonic()
        took = time.monotonic() - began
        assert not children(folder) and took < 4.0  # 2 s on a machine that does nothing else
        wait_for(lambda: commands_in(record)[-1][1] == 0.0)
    print(f'Ctrl-C: all nodes gone after {took:.2f} s')
