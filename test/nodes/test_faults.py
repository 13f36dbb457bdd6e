"""
The fault table: what goes wrong, and that it changes no weights and moves no motor.

Real processes over real DDS; each test prints its figures (``pytest -s``).
"""

import importlib.util

from forking import Supervisor
from graphs import commands_in, demo_nodes, digests_in, offline, probe, records_in, wait_for
from places import HELPERS
import pytest
from relay import behind_relay

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.support.resources import share_path

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')
EPISODES = 8


@pytest.fixture(autouse=True)
def find_modules(domain, monkeypatch):
    """Let nodes of these tests be found, in a domain of their own."""
    monkeypatch.setenv('PYTHONPATH', str(HELPERS))


def finish(folder, supervisor):
    """Wait for the end; nobody may die on the way."""
    assert wait_for((folder / ADAPTED).exists, supervisor) == []


@pytest.mark.parametrize('faults', [
    {'loss': 0.01}, {'late': 0.05, 'delay': 0.1}, {'duplicate': 0.3}, {'spoil': 0.3},
    {'shuffle': True, 'loss': 0.003, 'late': 0.02, 'duplicate': 0.1, 'spoil': 0.1}],
    ids=lambda faults: ', '.join(faults))
def test_a_bad_network_changes_no_weights(tmp_path, cartpole, shipped, demo_physics, faults):
    with Supervisor(behind_relay(demo_nodes(tmp_path, EPISODES), **faults), tmp_path) as graph:
        finish(tmp_path, graph)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, EPISODES)
    print(f'{faults}: all {EPISODES} digests equal')


def test_a_second_policy_stops_learning_while_it_lasts(tmp_path, cartpole, shipped,
                                                       demo_physics):
    with Supervisor(demo_nodes(tmp_path, 20, real_time_factor=2), tmp_path) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        counted = probe('intrude', 3)
        assert 'two policies' in counted['last fault'] and counted['policies on action'] == '2'
        probe('set_parameters', [['environment', 'real_time_factor', 0]])
        finish(tmp_path, graph)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 20)
    print(f'second policy: {counted["episodes aborted"]} episodes aborted, 20 digests equal')


def test_a_second_environment_changes_no_weights(tmp_path, cartpole, shipped, demo_physics):
    environment, *others = demo_nodes(tmp_path, 12, real_time_factor=3)
    with Supervisor([environment, *others], tmp_path) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        with Supervisor([environment], tmp_path / 'other'):
            counted = probe('diagnostics_with', 'policy', 'observations of two environments')
            finish(tmp_path, graph)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 12)
    print('second environment: 12 digests equal; observations in turn: '
          f'{counted["observations of two environments"]}')


def test_ten_thousand_malformed_messages_change_no_weights(tmp_path, cartpole, shipped,
                                                           demo_physics):
    with Supervisor(demo_nodes(tmp_path, 20, real_time_factor=2), tmp_path) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        counted = probe('fuzz', str(share_path('models/cartpole_1.npz')), 10_000)
        probe('set_parameters', [['environment', 'real_time_factor', 0]])
        finish(tmp_path, graph)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 20)
    refused = {kind: int(counted[node].get(kind, 0)) for node, kind in (
        ('policy', 'weights refused'), ('adaptation', 'episode ends refused'),
        ('adaptation', 'episode rewards refused'))}
    assert all(refused.values())
    print(f'10,000 malformed messages: {refused}; 20 digests equal')


def test_a_clock_that_jumps_changes_no_weights(tmp_path, cartpole, shipped, demo_physics):
    nodes = [NodeDescription(n.name, {**n.parameters, 'use_sim_time': True})
             for n in demo_nodes(tmp_path, 20)]
    with Supervisor(nodes, tmp_path) as graph:
        probe('jump_time', 20)
        finish(tmp_path, graph)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 20)
    print('clock that jumps by hours: 20 digests equal')


def test_cycles_follow_simulated_time_and_stop_with_it(tmp_path):
    environment, *others = demo_nodes(tmp_path, 1000, clock='realtime')
    environment = NodeDescription('environment', {**environment.parameters, 'use_sim_time': True,
                                                  'action_timeout': 0.5})
    with Supervisor([environment, *others], tmp_path):
        (begin, cycles, missed), *_, (end, more_cycles, more_missed) = probe('slow_time', 7, 0.5)
    rate = (more_cycles - cycles) / (end - begin)
    assert 20 < rate < 30  # 50 Hz of simulated time at half speed
    # By real time every other cycle would be missed.
    assert more_missed - missed < (more_cycles - cycles) / 2
    print(f'simulated time at half speed: {rate:.1f} cycles/s, none after it stopped')

@pytest.mark.long
def test_a_robot_behind_a_bad_network_gets_no_effort_over_the_limit(tmp_path):
    record, limit = tmp_path / 'commands', 8.0
    nodes = behind_relay(demo_nodes(tmp_path, 1000, plant='robot'), late=0.05, delay=0.1,
                         loss=0.02, duplicate=0.1, spoil=0.2, shuffle=True)
    nodes[0].parameters.update(effort_limit=limit, effort_slew_limit=400.0, sensor_timeout=0.5,
                               action_timeout=0.5)
    nodes += [NodeDescription('stand_in', {'record': str(record), 'pole_mass': 0.3, 'loss': 0.05,
                                           'jitter': 0.01, 'position_noise': 0.002}),
              NodeDescription('operator', {})]
    with Supervisor(nodes, tmp_path) as graph:
        events = wait_for(lambda: len(records_in(tmp_path)) >= 4, graph)
        counted = probe('diagnostics_with', 'environment', 'actions refused')
    commands = commands_in(record)
    efforts = [effort for _, effort in commands]
    assert events == [] and int(counted['actions refused']) > 0
    assert max(map(abs, efforts)) == limit  # the wanted 10 N were limited
    # ... and a slew of 400 N/s is 8 N per period; a stop may be as hard as it likes.
    assert all(abs(b - a) <= 8.0 for a, b in zip(efforts, efforts[1:]) if b)
    assert efforts[-1] == 0.0
    print(f'robot behind a bad network: {len(commands)} commands, largest {max(efforts)} N, '
          f'{counted["actions refused"]} actions refused, {len(records_in(tmp_path))} episodes')
