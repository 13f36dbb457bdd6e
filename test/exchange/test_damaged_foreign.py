"""
A thousand damaged files of each foreign kind: one sentence each, soon, and in little memory.

`make soak` reads a thousand (RSTDP_ROS_MUTANTS), `make test` the first hundreds of the same.
"""

import os

from forking import use_forks
from mutations import mutants, survives
from networks import random_network
import pytest

from rstdp_ros.exchange.formats import read_network


def count(usually):
    """Return how many mutants to read."""
    return int(os.environ.get('RSTDP_ROS_MUTANTS', usually))


@pytest.fixture
def small():
    """Make a network that is read in no time."""
    return random_network(1, sizes=(8, 6, 6, 2))


@pytest.mark.fault('files', 'damaged NIR files', 'one of 1,000 took over 30 s')
def test_damaged_nir(small, tmp_path, monkeypatch, measured):
    pytest.importorskip('nir')
    from rstdp_ros.exchange.nir_writing import nir_to_bytes
    use_forks(monkeypatch)
    measured(str(survives(read_network, tmp_path / 'x.nir',
                          mutants(nir_to_bytes(small), 1, count(150)))))


@pytest.mark.fault('files', 'damaged torch checkpoints', 'none of 1,000 made a traceback; 1.0 s')
def test_damaged_checkpoints(small, tmp_path, monkeypatch, measured):
    torch = pytest.importorskip('torch')
    use_forks(monkeypatch)
    layers = {f'net.{i}.weight': torch.from_numpy(w.T.copy()) for i, w in enumerate(small.weights)}
    torch.save({'policy_net_state_dict': layers, 'episode': 3}, tmp_path / 'x.pt')
    measured(str(survives(read_network, tmp_path / 'x.pt',
                          mutants((tmp_path / 'x.pt').read_bytes(), 1, count(150)))))


@pytest.fixture(scope='module')
def short_run(tmp_path_factory):
    """Record three short episodes as mcap, in several chunks, and sqlite3."""
    pytest.importorskip('rosbags')
    from bag_maker import RecordedRun, rewrite_checked, rewrite_database

    from rstdp_ros.tasks import get_task
    folder, task = tmp_path_factory.mktemp('short'), get_task('cartpole')
    run = RecordedRun(folder / 'bag', network=random_network(1, sizes=(8, 6, 6, 2)),
                      physics=task.make_physics(task.demo_physics))
    for _ in range(3):
        run.play()
    run.close()
    rewrite_checked(folder / 'bag', folder / 'chunks' / 'chunks.mcap')
    rewrite_database(folder / 'bag', folder / 'base')
    return folder


def read_bag(path):
    """Do all that is done with a bag."""
    from collections import Counter

    from rstdp_ros.bags.driver import Driver
    from rstdp_ros.bags.events import learning_events
    from rstdp_ros.bags.inspection import Inspector
    from rstdp_ros.bags.motion import recorded_motion
    from rstdp_ros.bags.reader import Bag
    from rstdp_ros.bags.replay import Replay
    from rstdp_ros.tasks import get_task
    with Bag(path) as bag:
        Inspector(bag).inspect()
        recorded_motion(bag, get_task('cartpole'), Driver({}))
        list(Replay().steps(learning_events(bag, Counter())))


@pytest.mark.fault('files', 'damaged mcap bags',
                   'none of 1,000 made a traceback; bits that flipped in a chunk passed')
def test_damaged_mcap(short_run, tmp_path, measured):
    good = (short_run / 'chunks' / 'chunks.mcap').read_bytes()
    measured(str(survives(read_bag, tmp_path / 'x.mcap', mutants(good, 1, count(150)))))


@pytest.mark.fault('files', 'damaged sqlite3 bags', '2 tracebacks in 1,000')
def test_damaged_sqlite3(short_run, tmp_path, measured):
    good = (short_run / 'base' / 'base.db3').read_bytes()
    measured(str(survives(read_bag, tmp_path / 'x.db3', mutants(good, 1, count(150)))))


@pytest.mark.fault('files', 'damaged metadata.yaml of bags', '1 traceback in 1,000; 2.0 s')
def test_damaged_metadata(short_run, tmp_path, measured):
    from shutil import copytree
    folder = copytree(short_run / 'bag', tmp_path / 'bag')
    path = folder / 'metadata.yaml'
    measured(str(survives(lambda _: read_bag(folder), path,
                          mutants(path.read_bytes(), 1, count(100)))))
