"""Learning that takes long: everything else goes on, and no death or stop does harm."""

import importlib.util

from explorer import RELEASE
from forking import Supervisor
from graphs import demo_nodes, digests_in, probe, SEED, wait_for
import pytest

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.snn import SpikingQNetwork

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')
EPISODES = 4
# Seconds, and millions of rounds: no test waits for their end.
ENDLESS = {'pondering': 1e6, 'reckoning': 1_000_000}


def slow_graph(folder, **busy):
    """Return a graph whose strategy takes its time."""
    *others, adaptation = demo_nodes(folder, EPISODES, strategy='explorer', guard='hesitant')
    return Supervisor([*others, NodeDescription(
        'adaptation', {**adaptation.parameters, **busy})], folder)


def keep_busy(**busy):
    """Change what takes the time, from the next episode on."""
    changes = [['adaptation', name, busy.get(name, 0)] for name in ENDLESS]
    assert probe('set_parameters', changes) == ['', '']


def offline(network, task, physics, rollback_after=None):
    """Return the digests of the same episodes in one process, which takes no time."""
    learner, digests = Learner(network, Recipe.of('cartpole', SEED, 'explorer', 'hesitant')), []
    for i in range(EPISODES):
        digests.append(learner.learn(*next_episode(task, learner, physics)).digest)
        if i == rollback_after:
            learner.roll_back()
    return digests

@pytest.mark.long
def test_everything_goes_on_while_it_learns(explorer_installed, domain, tmp_path, cartpole,
                                            shipped, demo_physics, monkeypatch):
    release = tmp_path / 'release'
    monkeypatch.setenv(RELEASE, str(release))
    with slow_graph(tmp_path, reckoning=ENDLESS['reckoning']) as graph:
        wait_for(lambda: probe('learning'), graph)
        keep_busy(pondering=ENDLESS['pondering'])
        assert probe('trigger', 'adaptation/save')[0]
        success, words = probe('trigger', 'adaptation/rollback')
        assert success and 'as soon as' in words
        # Had it been held up, all that would have been answered when the episode was learned.
        assert SpikingQNetwork.load(tmp_path / ADAPTED).digest == shipped.digest
        assert not digests_in(tmp_path)
        (tmp_path / ADAPTED).unlink()
        release.touch()
        wait_for(lambda: digests_in(tmp_path), graph)
        wait_for(lambda: probe('learning'), graph)
        assert probe('trigger', 'adaptation/save')[0] and len(digests_in(tmp_path)) == 1
        (tmp_path / ADAPTED).unlink()
        graph.children['adaptation'].process.kill()
        # Nobody starts it again while a probe waits.
        wait_for(lambda: 'resumed' in (tmp_path / 'adaptation.log').read_text(), graph)
        wait_for(lambda: probe('learning'), graph)
        assert len(digests_in(tmp_path)) == 1
        keep_busy()
        release.touch()
        wait_for((tmp_path / ADAPTED).exists, graph)
    monkeypatch.delenv(RELEASE)
    assert digests_in(tmp_path) == offline(shipped, cartpole, demo_physics, rollback_after=0)


@pytest.mark.parametrize('way', ENDLESS)
def test_what_never_ends_can_be_left(explorer_installed, domain, tmp_path, cartpole, shipped,
                                     demo_physics, way):
    with slow_graph(tmp_path, **{way: ENDLESS[way]}) as graph:
        wait_for(lambda: probe('learning'), graph)
        keep_busy()
        success, words = probe('trigger', 'adaptation/restart')
        assert success and words.startswith('restarted from')
        wait_for((tmp_path / ADAPTED).exists, graph)
        assert digests_in(tmp_path) == offline(shipped, cartpole, demo_physics)
    # It is still at it, and no reason to stay.
    assert graph.children['adaptation'].process.returncode == 0
    assert 'Traceback' not in (tmp_path / 'adaptation.log').read_text()
