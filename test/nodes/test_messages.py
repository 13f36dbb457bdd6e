"""What strangers send to every node, and that it ends none, teaches nothing and drowns nobody."""

import importlib.util
import json
import os
import subprocess
import sys

from forking import Supervisor
from graphs import demo_nodes, digests_in, offline, PATIENCE, probe, records_in, wait_for
from places import HELPERS
import pytest

from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.support.resources import share_path

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')
# Per topic, and per node for all of its services; `make soak` sends more.
COUNT = int(os.environ.get('RSTDP_ROS_MESSAGES', 200))
PARAMETERS = ['set_parameters', 'set_parameters_atomically', 'get_parameters',
              'get_parameter_types', 'describe_parameters', 'list_parameters']
# One message a second; thirty values of at most 300 characters are less.
LARGEST = 20_000
DEATHS = pytest.mark.fault(
    'messages', 'mutated messages and requests to every node',
    'a position of 1e200, a .npz whose member is no array, a parameter of type 99 and /clock with '
    'negative seconds each ended the node they met')


def flood(graph, topics, services):
    """Send mutants to topics and services of a graph; nobody may die, or say too much."""
    pids = {name: child.process.pid for name, child in graph.children.items()}
    plan = {'topics': topics, 'count': COUNT, 'seed': 1,
            # A robot's body has no diagnostics of ours.
            'reporters': [name for name in pids if name != 'stand_in'],
            'services': {name: [*PARAMETERS, *services.get(name, ())] for name in pids},
            'model': str(share_path('models/cartpole_1.npz'))}
    done = subprocess.run([sys.executable, HELPERS / 'message_fuzz.py',
                           json.dumps(plan)], capture_output=True, text=True,
                          timeout=PATIENCE + COUNT / 10)
    assert done.returncode == 0, done.stderr
    assert graph.poll() == []
    assert pids == {name: child.process.pid for name, child in graph.children.items()}
    seen = json.loads(done.stdout)
    assert len(seen['unanswered']) < 0.01 * COUNT * len(pids), seen['unanswered']
    assert max(seen['largest'].values()) < LARGEST
    # However busy the machine is, there is about one a second at most.
    assert all(0.0 < rate < 2.0 for rate in seen['rates'].values()), seen['rates']
    return seen


def took_down(seen):
    """Say in words what :func:`flood` saw."""
    return (f'{sum(seen["sent"].values())} sent, no death, weights unchanged, largest '
            f'diagnostics {max(seen["largest"].values())} bytes')


@DEATHS
def test_mutants_change_no_weights_of_a_run(domain, tmp_path, cartpole, shipped, demo_physics,
                                            measured):
    nodes = [NodeDescription(n.name, {**n.parameters, 'use_sim_time': True})
             for n in demo_nodes(tmp_path, 20, record=True, real_time_factor=2)]
    with Supervisor(nodes, tmp_path) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        seen = flood(graph, [
            'observation', 'action', 'spikes', 'episode_end', 'episode_reward', 'weights',
            'weights_active', 'robot_description', '/clock', '/parameter_events'],
            {'environment': ['reset', 'enable'], 'adaptation': ['save']})
        probe('set_parameters', [['environment', 'real_time_factor', 0]])
        probe('enable', True)
        # Not for the result, which one of the requests may have saved before.
        assert wait_for(lambda: len(digests_in(tmp_path)) == 20, graph) == []
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 20)
    measured(took_down(seen))


@pytest.mark.long
@DEATHS
def test_mutants_end_no_node_of_a_robot(domain, tmp_path, shipped, measured):
    nodes = [*demo_nodes(tmp_path, 1000, plant='robot'), NodeDescription('stand_in', {}),
             NodeDescription('operator', {})]
    for node in nodes:
        node.parameters.update({'plasticity': False} if node.name == 'adaptation' else {})
    with Supervisor(nodes, tmp_path) as graph:
        probe('diagnostics_where', 'environment', 'enabled', 'True')
        seen = flood(graph, ['joint_states', 'effort_controller/commands', '/diagnostics',
                             'observation', 'action', 'spikes', 'episode_end', 'weights_active'],
                     {'environment': ['reset', 'enable'], 'adaptation': ['save', 'rollback']})
        weights = probe('diagnostics_with', 'adaptation', 'running weights')['running weights']
        assert weights == shipped.digest
        probe('set_parameters', [['adaptation', 'plasticity', True]])
        assert wait_for(lambda: records_in(tmp_path), graph) == []
    measured(took_down(seen))


@pytest.mark.long
@DEATHS
def test_mutants_do_not_end_a_replay(domain, tmp_path, bag, measured):
    _, path = bag
    nodes = describe_graph('cartpole', {'plant': 'bag', 'bag': str(path), 'loop': True,
                                        'adapt': False, 'run_dir': str(tmp_path / 'run')})
    with Supervisor(nodes, tmp_path) as graph:
        probe('diagnostics_with', 'replay', 'times played')
        seen = flood(graph, ['observation', 'action', 'weights', 'weights_active'], {})
        before = probe('diagnostics_with', 'replay', 'times played')['times played']
        probe('counted', 'replay', 'times played', int(before) + 1)
    measured(took_down(seen))
