"""The loop of adaptation under an operator, in virtual time with every kind of trouble."""

from explorer import Explorer
from hypothesis import given, HealthCheck, settings, strategies
from networks import random_network
import numpy as np
import pytest
from simulated_operator import OperatedGraph

from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.plasticity import AdaptationRun, GuardParameters, Learner, Recipe, STRATEGIES
from rstdp_ros.protocol.disk import DiskWait
from rstdp_ros.protocol.episode import EpisodeEnd
from rstdp_ros.protocol.loop import AdaptationLoop
from rstdp_ros.protocol.outputs import PublishWeights, RollBack, SetSeed
from rstdp_ros.support.errors import RstdpError

EPISODES = 6
SEED = 200_000_000


def adaptation(task, physics, strategy):
    """Return an adaptation of a small network."""
    network = random_network(7, (8, 6, 5, 2), ticks=2)
    return Adaptation(task, network, physics, EPISODES, Recipe.of(
        task.name, SEED, strategy, 'snapshot', 'paper',
        guard_parameters=GuardParameters(window=2)))


@pytest.fixture(scope='module', params=['random', 'explorer'])
def small(cartpole, demo_physics, request):
    """Return an adaptation by spikes alone or by all there is to see."""
    known = dict(STRATEGIES._loaded)
    STRATEGIES.add(Explorer)
    yield adaptation(cartpole, demo_physics, request.param)
    STRATEGIES._loaded = known


@settings(max_examples=100, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=strategies.integers(0, 2**32), loss=strategies.sampled_from([0.0, 0.001, 0.01]),
       duplicate=strategies.sampled_from([0.0, 0.2]),
       delay=strategies.sampled_from([0.002, 0.01, 0.05]),
       crash=strategies.sampled_from([0.0, 0.001, 0.003]),
       late=strategies.sampled_from([0.0, 0.5]),
       thinking=strategies.sampled_from([0.0, 0.5, 12.0]))
def test_a_run_that_is_operated_equals_the_same_offline(small, tmp_path_factory, seed, loss,
                                                        duplicate, delay, crash, late, thinking):
    graph = OperatedGraph(
        small.task, small.physics, small.network, small.learner, tmp_path_factory.mktemp('run'),
        np.random.default_rng(seed), loss, duplicate, delay, crash, late, operations=15,
        episodes=EPISODES, thinking=thinking)
    graph.run_to_the_end()
    graph.check(small.task, small.physics, small.learner())


def heard(adaptation):
    """Return a loop that only listens, and a whole episode that it heard."""
    learner, task = adaptation.learner(), adaptation.task
    loop = AdaptationLoop(AdaptationRun(learner), task, EPISODES, paced=False)
    loop.begin(0.0)
    rasters, episode_return, _ = task.episode(learner.running, SEED, adaptation.physics)
    for stamp, raster in enumerate(rasters):
        loop.protocol.raster('x-1', stamp, learner.running.digest[:16], raster, 0.0)
    end = EpisodeEnd('x-1', 'terminated', SEED, len(rasters), episode_return)
    accepted, = loop.protocol.end(end, 0.0)
    return loop, accepted


def being_learned(adaptation):
    """Return such a loop that learns from its episode, and what that is to do."""
    loop, accepted = heard(adaptation)
    lesson, = loop.accepted(accepted, 1.0)
    assert loop.lesson is lesson and lesson.since == 1.0
    assert loop.poll(1e6) == [PublishWeights()] and loop.poll(2e6) == []  # a policy is heard
    return loop, lesson


def failing(error):
    """Return work that raises an error."""
    def outcome():
        raise error
    return outcome


@pytest.mark.fault('learning', 'a driver whose episode an unexpected error, or a rollback onto a '
                   'full disk, kept from teaching', 'told `learned`')
def test_a_driver_hears_what_became_of_its_episode(cartpole, demo_physics, measured):
    rule = adaptation(cartpole, demo_physics, 'rstdp')
    loop, lesson = being_learned(rule)
    learned, publish = loop.learned(lesson, lesson.propose, 2.0)
    assert learned.record.episode == 0 and loop.protocol.envelope().verdict == 'learned'
    assert loop.learned(lesson, failing(AssertionError('it is over')), 3.0) == []

    loop, lesson = being_learned(rule)
    failed, publish = loop.learned(lesson, failing(RstdpError('no rows')), 2.0)
    assert failed.reason == 'no rows' and not loop.lesson
    assert loop.protocol.envelope().verdict == 'unlearned: no rows'

    loop, lesson = being_learned(rule)
    with pytest.raises(KeyError):
        loop.learned(lesson, failing(KeyError('x')), 2.0)
    assert loop.poll(2.1) and 'unexpected error' in loop.protocol.envelope().verdict

    loop, lesson = being_learned(rule)
    assert loop.restart(2.0) and not loop.lesson
    assert 'began anew' in loop.protocol.envelope().verdict

    loop, accepted = heard(rule)
    loop.disk = DiskWait(failing(RstdpError('full')))
    loop.roll_back(0.0)
    assert loop.accepted(accepted, 0.1) == []
    loop.disk = DiskWait(lambda: None)
    loop.begin(0.2)
    assert 'was rolled back' in loop.protocol.envelope().verdict
    measured('told why not')


def test_what_is_published_does_not_change_before_an_episode_is_asked_for(cartpole, demo_physics):
    loop, lesson = being_learned(adaptation(cartpole, demo_physics, 'rstdp'))
    before = loop.published
    loop.disk = DiskWait(failing(RstdpError('full')))
    learned, waits = loop.learned(lesson, lesson.propose, 2.0)
    assert loop.learner.episode == 1 and waits.reason.endswith('full')
    assert loop.published is before and before.metadata['learned'] == 0
    loop.disk = DiskWait(lambda: None)
    loop.begin(3.0)
    assert loop.published.metadata['learned'] == 1


def test_a_rollback_waits_for_what_is_being_learned(cartpole, demo_physics):
    loop, lesson = being_learned(adaptation(cartpole, demo_physics, 'rstdp'))
    assert loop.roll_back(2.0) == loop.roll_back(2.1) == []
    learned, publish, roll_back = loop.learned(lesson, lesson.propose, 3.0)
    assert isinstance(roll_back, RollBack) and loop.network.digest == learned.record.digest
    assert loop.roll_back(3.0) == [publish] and loop.network.digest == loop.learner.deployed.digest
    assert loop.learner.rollbacks == 1


@pytest.mark.parametrize('paced', [True, False], ids=['adaptation', 'environment'])
def test_a_change_between_episodes_decides_who_plays_the_next(cartpole, demo_physics, paced):
    learner = adaptation(cartpole, demo_physics, 'rstdp').learner()
    learner.learn(*cartpole.episode(learner.running, SEED, demo_physics))
    running, deployed = learner.running.digest, learner.deployed.digest
    assert running != deployed
    wanted = {}

    def refresh():
        vars(loop).update(wanted)
    loop = AdaptationLoop(AdaptationRun(learner), cartpole, EPISODES, paced=paced, refresh=refresh)
    loop.begin(0.0)
    for now, plasticity, playing in ((0.1, False, deployed), (0.2, True, running)):
        wanted['plasticity'] = plasticity
        assert loop.poll(now) == [PublishWeights()] and loop.poll(now) == []
        assert loop.network.digest == playing
    # Not while an episode may be under way.
    wanted['plasticity'] = False
    protocol = loop.protocol
    if paced:
        protocol.poll(3.0)
        protocol.seed_set(protocol._token, '', 3.0)
        protocol.reset_done(protocol._token, 'x-1', '', 3.0)
    protocol.raster('x-1', 0, running[:16], np.zeros(loop.network.raster_shape, np.uint8), 3.0)
    loop.poll(3.1)
    assert loop.network.digest == running


def test_nobody_is_waited_for_in_vain(cartpole, demo_physics):
    loop = AdaptationLoop(AdaptationRun(adaptation(cartpole, demo_physics, 'rstdp').learner()),
                          cartpole, EPISODES)
    loop.begin(0.0)
    loop.protocol.discards_in_a_row = 5_000  # after some hours without an environment
    asked = [now for now in range(0, 100) if any(
        isinstance(output, SetSeed) for output in loop.poll(float(now)))]
    assert len(asked) > 5


def test_a_trajectory_has_no_holes(cartpole, shipped):
    for strategy, needed in (('twin', 1.0), ('rstdp', 0.95)):
        learner = Learner(shipped, Recipe.of('cartpole', SEED, strategy))
        loop = AdaptationLoop(AdaptationRun(learner), cartpole, EPISODES, coverage=0.95)
        assert loop.protocol.coverage == needed
