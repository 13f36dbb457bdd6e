"""Shared objects of the tests."""

import os
import signal

import pytest

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

import explorer
from graphs import own_domain
from places import HELPERS
from reliability import (  # noqa: F401 (pytest finds them here by name)
    measured,
    pytest_addoption,
    pytest_configure,
    pytest_runtest_setup,
)

from rstdp_ros.plasticity import GUARDS, STRATEGIES
from rstdp_ros.snn import SpikingQNetwork
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
    paths = folder.parent, HELPERS, os.environ.get('PYTHONPATH')
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
