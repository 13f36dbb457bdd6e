"""Shared objects of the tests."""

import os
from pathlib import Path
import signal
import sys

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

import explorer
from graphs import own_domain
from reliability import (  # noqa: F401 (pytest finds them here by name)
    measured,
    pytest_addoption,
    pytest_configure,
    pytest_runtest_setup,
)

from rstdp_ros.plasticity import GUARDS, STRATEGIES
from rstdp_ros.snn import Neuron, SpikingQNetwork
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task

# A shell's background job ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Mark what starts a graph: all that has a domain of its own; begin with what takes long."""
    for item in items:
        if {'domain', 'graph'} & set(item.fixturenames):
            item.add_marker(pytest.mark.graph)
    items.sort(key=lambda item: item.get_closest_marker('long') is None)


def random_network(seed, sizes=(8, 64, 64, 2), ticks=8, threshold=0.5):
    """Make a network whose neurons spike neither always nor never."""
    generator = np.random.default_rng(seed)
    stds = (2.0, 1.5 / np.sqrt(sizes[1]), 1.0 / np.sqrt(sizes[2]))
    weights = [generator.normal(0, std, shape) for std, shape in
               zip(stds, zip(sizes, sizes[1:]))]
    efforts = (-10.0, 10.0) if sizes[-1] == 2 else (-1.0, 0.0, 1.0)
    return SpikingQNetwork(weights, Neuron(0.8, 0.8, threshold, ticks), 'cartpole', efforts)


def with_w2(network, w2, **changes):
    """Return a network that differs in W2."""
    w1, _, w3 = network.weights
    return network.replace(weights=(w1, w2, w3), **changes)


@pytest.fixture(scope='session')
def cartpole():
    """Return the cart-pole task."""
    return get_task('cartpole')


@pytest.fixture(scope='session')
def demo_physics(cartpole):
    """Return the changed plant of the demo."""
    return cartpole.make_physics(cartpole.demo_physics)


@pytest.fixture(scope='session')
def shipped():
    """Return the first shipped network."""
    return SpikingQNetwork.load(share_path('models/cartpole_0.npz'))


@pytest.fixture
def domain(monkeypatch):
    """Give the test a ROS domain of its own."""
    for name, value in own_domain().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def explorer_installed(tmp_path, monkeypatch):
    """Let this process and those that start now find the strategy and the guard of explorer.py."""
    folder = tmp_path / 'site' / 'explorer-0.1.dist-info'
    folder.mkdir(parents=True)
    (folder / 'METADATA').write_text('Metadata-Version: 2.1\nName: explorer\nVersion: 0.1\n')
    (folder / 'entry_points.txt').write_text(
        '[rstdp_ros.strategies]\nexplorer = explorer:Explorer\n'
        '[rstdp_ros.guards]\nhesitant = explorer:Hesitant\n')
    paths = folder.parent, Path(explorer.__file__).parent, os.environ.get('PYTHONPATH')
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(str(p) for p in paths if p))
    for plugins, cls in ((STRATEGIES, explorer.Explorer), (GUARDS, explorer.Hesitant)):
        monkeypatch.setattr(plugins, '_loaded', {})
        plugins.add(cls)


@pytest.fixture
def record(tmp_path, shipped, demo_physics):
    """Return a function that begins to record a run into tmp_path / 'bag'."""
    def begin(**choices):
        from bag_maker import RecordedRun
        return RecordedRun(tmp_path / 'bag', network=shipped, physics=demo_physics, **choices)
    return begin


@pytest.fixture
def bag(tmp_path, record):
    """Record eight plain episodes."""
    run = record()
    for _ in range(8):
        run.play()
    run.close()
    return run, tmp_path / 'bag'
