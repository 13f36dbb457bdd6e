"""Nodes die by kill -9 at the worst moments: the run goes on and its numbers do not change."""

import importlib.util

from forking import Supervisor
from graphs import demo_nodes, offline_records, records_in, wait_for
from places import HELPERS
import pytest

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.plasticity.run import ADAPTED

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')
EPISODES = 14


class CrashingDescription(NodeDescription):
    """A node that dies at the point named by its parameter ``crash``."""

    @property
    def module(self):
        """The module that runs it, found through PYTHONPATH."""
        return 'crash'


@pytest.mark.parametrize('points', [
    {'environment': 'between reset and reply', 'policy': 'between spikes and action',
     'adaptation': 'after the end and before the checkpoint'},
    {'environment': 'in mid-step', 'policy': 'between new weights and their report',
     'adaptation': 'after the checkpoint and before publishing'},
    {'environment': 'between end and reward', 'adaptation': 'while the checkpoint is written'},
], ids=lambda points: '; '.join(points.values()))
def test_a_death_changes_nothing(points, domain, monkeypatch, tmp_path, cartpole, shipped,
                                 demo_physics):
    monkeypatch.setenv('PYTHONPATH', str(HELPERS))
    nodes = [CrashingDescription(node.name, {**node.parameters, 'crash': points[node.name]})
             if node.name in points else node for node in demo_nodes(tmp_path, EPISODES)]
    with Supervisor(nodes, tmp_path) as supervisor:
        events = wait_for((tmp_path / ADAPTED).exists, supervisor)
    assert sorted(events) == [f'the {name} node died (exit code -9) and is started again'
                              for name in sorted(points)]
    assert records_in(tmp_path) == offline_records(cartpole, shipped, demo_physics, EPISODES)
