"""
A robot in real time: how soon it rests when something dies, and whether it adapts.

``python -m pytest -s test/soak/soak_robot.py``; the robot is the stand-in with default settings,
the time-outs are the defaults too: five control periods of 20 ms.
"""

import json
import random
from statistics import mean
import time

from graphs import (
    children,
    commands_in,
    demo_nodes,
    records_in,
    start_demo,
    wait_for,
)
import pytest

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.bringup.runner import Supervisor

KILLS = 10
STOPS = 5
PERIOD, TIMEOUT = 0.02, 0.1
EPISODES = 60
SEED = 1


@pytest.fixture
def robot(domain, tmp_path):
    """Return the record of commands and the nodes of a robot that an operator enables."""
    record = tmp_path / 'commands'
    return record, [*demo_nodes(tmp_path, 10_000, plant='robot'),
                    NodeDescription('stand_in', {'record': str(record)}),
                    NodeDescription('operator', {})]


def moving(record):
    """Say whether the last command was an effort."""
    commands = commands_in(record)
    return bool(commands and commands[-1][1])


def rested_after(record, killed):
    """Wait for the first zero after a moment and return by how much it came later, s."""
    wait_for(lambda: any(at > killed and not effort for at, effort in commands_in(record)),
             period=0.001)
    return next(at for at, effort in commands_in(record) if at > killed and not effort) - killed


@pytest.mark.parametrize('name, bound', [('policy', TIMEOUT + 2 * PERIOD), ('environment', 1.0)])
def test_a_death_leaves_the_robot_at_rest(tmp_path, robot, name, bound):
    record, nodes = robot
    delays, generator = [], random.Random(SEED)
    while len(delays) < KILLS:
        folder = tmp_path / f'{name}_{len(delays)}'
        with Supervisor(nodes, folder) as graph:
            wait_for(lambda: moving(record), graph)
            time.sleep(generator.random())
            wait_for(lambda: moving(record), graph, period=0.001)
            killed = time.monotonic()
            graph.children[name].process.kill()
            delays.append(rested_after(record, killed))
        print(f'{name} killed: zero after {1e3 * delays[-1]:.0f} ms', flush=True)
    print(f'{name} killed {KILLS} times: zero after {1e3 * mean(delays):.0f} ms in the mean, '
          f'{1e3 * max(delays):.0f} ms at most; bound {1e3 * bound:.0f} ms')
    assert max(delays) < bound


def test_ctrl_c_leaves_the_robot_at_rest(tmp_path, robot):
    record, nodes = robot
    seconds = []
    while len(seconds) < STOPS:
        with Supervisor(nodes, tmp_path / f'stop_{len(seconds)}') as graph:
            wait_for(lambda: moving(record), graph)
            began = time.monotonic()
        seconds.append(time.monotonic() - began)
        assert commands_in(record)[-1][1] == 0.0 and not children(tmp_path)
    print(f'Ctrl-C {STOPS} times: at rest and gone after {mean(seconds):.2f} s in the mean, '
          f'{max(seconds):.2f} s at most')
    assert max(seconds) < 2.0


@pytest.mark.parametrize('model', ['cartpole_0', 'cartpole_1', 'cartpole_2'])
def test_a_robot_adapts(domain, tmp_path, model):
    demo = start_demo(tmp_path, '--robot', '--model', model, '--episodes', EPISODES)
    output, errors = demo.communicate()
    assert demo.returncode == 0, errors
    result = json.loads(output)
    aborted = (tmp_path / 'adaptation.log').read_text().count('run again')
    print(f'{model}: return on 100 held-out starts of the stand-in robot '
          f'{result["held_out_before"]:.1f} before, {result["held_out_after"]:.1f} after '
          f'{len(records_in(tmp_path))} episodes; {aborted} run again')
    assert result['held_out_after'] >= result['held_out_before'] - 1.0
