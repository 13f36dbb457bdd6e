"""The policy on Lava; `make lava` runs this with the Python 3.10 that Lava needs."""

from importlib.util import find_spec
import json
import os
import signal
import subprocess
import sys

from graphs import demo_graph, digests_in, offline, wait_for
from lava_hosts import hosts, LAVA
from networks import random_network, with_w2
import numpy as np
import pytest

from rstdp_ros.snn.fixed import from_steps
from rstdp_ros.snn.quantize import quantize
from rstdp_ros.support.errors import RstdpError

on_lava = pytest.mark.skipif(not LAVA, reason='Lava is not installed')
on_ros = pytest.mark.skipif(find_spec('rclpy') is None, reason='ROS 2 is not installed')
STEPS = np.random.default_rng(0).integers(-9, 10, (7, 5))


def backend(network, **choices):
    from rstdp_ros.backends.lava.backend import LavaBackend
    return LavaBackend(network, **choices)


def check(*options):
    return subprocess.run([sys.executable, '-m', 'rstdp_ros', 'check', 'lava', '--json', *options],
                          capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(LAVA, reason='Lava is installed')
def test_without_lava_one_sentence_says_what_is_missing():
    done = check()
    assert done.returncode == 2 and done.stderr.count('\n') == 1
    assert 'Python 3.10' in done.stderr and 'rstdp_ros[lava]' in done.stderr


def test_loihi_is_refused_before_anything_starts(shipped):
    with pytest.raises(RstdpError, match='quantize'):
        backend(shipped, target='loihi2')
    with pytest.raises(RstdpError, match='INRC' if LAVA else 'Python 3.10'):
        backend(quantize(shipped), target='loihi2')


@on_lava
def test_a_shipped_network_computes_and_learns_as_on_the_cpu():
    done = check('--observations', '20')
    result = json.loads(done.stdout)
    assert (done.returncode, result['failed'], len(result['findings'])) == (0, 0, 5), done.stderr


@on_lava
def test_layers_of_any_size_and_weights_that_change_while_it_runs():
    from rstdp_ros.backends.lava.check import _inference
    network, other = (random_network(seed, sizes=(6, 7, 5, 3), ticks=4) for seed in (1, 2))
    fixed = quantize(network)
    moved = with_w2(fixed, from_steps(fixed.integers[1] // 2 + STEPS, fixed.scales[1]))
    observations = np.random.default_rng(3).normal(0, 2, (15, 3)).astype(np.float32)
    running = backend(network)
    for each in (network, other, fixed, moved, network):
        running.load(each)
        assert _inference(running, observations, lambda doing: None).passed
    running.network = other  # which is not what it runs
    assert not _inference(running, observations, lambda doing: None).passed
    running.close()


@on_lava
@on_ros
def test_adaptation_over_ros_is_exact_though_lava_dies(domain, tmp_path, cartpole, shipped,
                                                       demo_physics):
    with demo_graph(tmp_path, 2, {'MARK': 'demo'}, policy_backend='lava') as supervisor:
        wait_for(lambda: digests_in(tmp_path), supervisor)
        os.kill(max(hosts('demo')), signal.SIGKILL)
        events = wait_for(lambda: len(digests_in(tmp_path)) == 2, supervisor)
    assert 'the policy node died' in events[0]
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 2)
    wait_for(lambda: not hosts('demo'))


@on_lava
@on_ros
def test_no_process_outlives_the_node(domain, tmp_path):
    nodes = {}
    for kind in ('SIGINT', 'SIGTERM', 'SIGKILL'):
        with (tmp_path / kind).open('w') as log:
            nodes[kind] = subprocess.Popen(
                [sys.executable, '-m', 'rstdp_ros.nodes.policy', '--ros-args', '-p',
                 'backend:=lava'], stdout=log, stderr=log, env={**os.environ, 'MARK': kind})
    wait_for(lambda: all('ready' in (tmp_path / kind).read_text() for kind in nodes))
    for kind, node in nodes.items():
        assert len(hosts(kind)) > 7
        node.send_signal(getattr(signal, kind))
        assert node.wait(20) == (-signal.SIGKILL if kind == 'SIGKILL' else 0)
        wait_for(lambda kind=kind: not hosts(kind))
