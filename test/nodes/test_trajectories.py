"""A strategy that sees joints and efforts and changes W1 and W3, and a guard, from outside."""

from collections import Counter
import importlib.util
import itertools

from graphs import demo_graph, digests_in, probe, records_in, run, start_demo, wait_for
import numpy as np
import pytest

from rstdp_ros.bags.events import learning_events, Pose
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.replay import Replay
from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.snn import quantize, SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.rollout import roll_out

ROS = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                         reason='ROS 2 is not installed')
LAVA = pytest.mark.skipif(importlib.util.find_spec('lava') is None, reason='Lava is not installed')
SEED, EPISODES = 200_000_000, 6
CHOICE = ['--strategy', 'explorer', '--guard', 'hesitant', '--set', 'reach=0.1',
          '--episodes', EPISODES]


def learner(network, **values):
    """Make the learner of the choice."""
    recipe = Recipe.of(network.task, SEED, 'explorer', 'hesitant').with_values(values)
    return Learner(network, recipe)


def offline(ours, task, physics, episodes):
    """Return the digests of a run in one process."""
    digests = [ours.learn(*next_episode(task, ours, physics)).digest for _ in range(episodes)]
    assert len({*digests}) == episodes
    return digests


@pytest.mark.parametrize('name', ['cartpole', 'acrobot'])
@pytest.mark.parametrize('seed', [5, 6])
def test_a_trajectory_is_what_the_environment_shows(name, seed):
    task = get_task(name)
    network = SpikingQNetwork.load(share_path(f'models/{name}_0.npz'))
    episode = task.episode(network, seed, trajectory=True)
    rollout = roll_out(task, task.make_plant(), network, seed)
    seen = episode.trajectory
    joints = np.array(rollout.joints[:-1])
    assert np.array_equal(episode.rasters, rollout.rasters)
    assert np.array_equal(seen.positions, joints[:, 0])
    assert np.array_equal(seen.velocities, joints[:, 1])
    assert seen.end == rollout.end and len(seen.efforts) == rollout.steps
    assert set(seen.efforts) <= set(task.robot.efforts)


def test_what_is_missing_is_said_and_changes_nothing(explorer_installed, cartpole, shipped,
                                                     demo_physics):
    ours = learner(shipped)
    rasters, total, seen = next_episode(cartpole, ours, demo_physics)
    for trajectory in (None, seen._replace(efforts=seen.efforts[1:]),
                       seen._replace(positions=np.full_like(seen.positions, np.nan))):
        with pytest.raises(RstdpError, match='strategy explorer learns from joints and efforts'):
            ours.learn(rasters, total, trajectory)
    assert ours.episode == 0 and ours.learn(rasters, total, seen).event == 'ended terminated'


def test_a_guard_that_fails_is_named(explorer_installed, cartpole, shipped, demo_physics):
    ours = learner(shipped)
    ours.guard.seen = None
    with pytest.raises(RstdpError, match='guard hesitant failed: TypeError'):
        ours.learn(*next_episode(cartpole, ours, demo_physics))
    assert ours.episode == 0 and ours.running is shipped


def test_who_needs_only_spikes_sees_only_spikes(cartpole, shipped, demo_physics, monkeypatch):
    ours = Learner(shipped, Recipe.of('cartpole', SEED))
    seen, propose = [], ours.strategy.propose
    monkeypatch.setattr(ours.strategy, 'propose', lambda shown: seen.append(shown)
                        or propose(shown))
    ours.learn(*cartpole.episode(shipped, SEED, demo_physics, trajectory=True))
    assert seen[0].trajectory is None


@ROS
@pytest.mark.parametrize('bits', [32, 8])
def test_it_learns_over_ros_as_offline_and_in_replay(explorer_installed, domain, bits, cartpole,
                                                     shipped, demo_physics, tmp_path):
    network = shipped if bits == 32 else quantize(shipped)
    network.save(tmp_path / 'model.npz')
    expected = offline(learner(network, reach=0.1), cartpole, demo_physics, EPISODES)
    choice = [*map(str, CHOICE), '--model', str(tmp_path / 'model.npz')]
    adapted = [episode['digest'] for episode in run('adapt', 'cartpole', *choice)['episodes']]
    demo = start_demo(tmp_path / 'run', *choice, '--record', tmp_path / 'bag')
    _, errors = demo.communicate(timeout=90)
    assert demo.returncode == 0, errors
    assert digests_in(tmp_path / 'run') == adapted == expected
    replayed = run('replay', str(tmp_path / 'bag'))
    assert replayed['equal'] and len(replayed['episodes']) == EPISODES
    changed = run('replay', str(tmp_path / 'bag'), '--set', 'memory=0.9')
    assert any(row['apart'] > 0.0 for row in changed['divergence'])
    *whole, third = replayed_without_a_pose(tmp_path / 'bag')
    assert whole == ['', ''] and third.startswith('1 of ') and 'with their joints' in third


def replayed_without_a_pose(path):
    """Replay as if an observation of the third episode had not been recorded; say what failed."""
    with Bag(path) as bag:
        events = list(learning_events(bag, Counter()))
    third = list(dict.fromkeys(e.episode_id for e in events if isinstance(e, Pose)))[2]
    lost = next(e for e in events if isinstance(e, Pose) and e.episode_id == third)
    # Not by equality: events hold arrays.
    kept = [e for e in events if e is not lost]
    return [step.reason for step in itertools.islice(Replay().steps(kept), 3)]


@ROS
def test_it_goes_on_after_deaths(explorer_installed, domain, cartpole, shipped, demo_physics,
                                 tmp_path):
    with demo_graph(tmp_path, 12, strategy='explorer', guard='hesitant') as graph:
        # As it was: what is set live is forgotten by a death.
        assert probe('set_parameters', [['adaptation', 'reach', 0.05]]) == ['']
        for count, name in ((3, 'adaptation'), (6, 'environment'), (9, 'policy')):
            wait_for(lambda n=count: len(digests_in(tmp_path)) >= n, graph)
            graph.children[name].process.kill()
        wait_for((tmp_path / ADAPTED).exists, graph)
    assert digests_in(tmp_path) == offline(learner(shipped), cartpole, demo_physics, 12)
    assert {record.event for record in records_in(tmp_path)} == {
        'ended terminated', 'deployed, ended terminated'}


@LAVA
@ROS
def test_it_learns_on_lava(explorer_installed, domain, cartpole, shipped, demo_physics, tmp_path):
    with demo_graph(tmp_path, 3, strategy='explorer', guard='hesitant',
                    policy_backend='lava') as graph:
        wait_for((tmp_path / ADAPTED).exists, graph)
    assert digests_in(tmp_path) == offline(learner(shipped), cartpole, demo_physics, 3)
