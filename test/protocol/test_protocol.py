"""The protocol as a whole: its words, then every kind of trouble at random."""

from dataclasses import replace

from hypothesis import given, HealthCheck, settings, strategies
from networks import random_network
import numpy as np
import pytest
from simulated_driver import PlayedGraph, record, SelfPacedGraph
from simulated_graph import NODES, SimulatedGraph

from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.plasticity import GuardParameters, preset, Recipe
from rstdp_ros.protocol.envelope import Envelope
from rstdp_ros.protocol.episode import EpisodeEnd
from rstdp_ros.support.errors import RstdpError

EPISODES = 6
SEED = 200_000_000


@pytest.mark.parametrize('words, parsed', [
    ([], None), (['x', '', 'y z'], None), (Envelope('d', 'e f', 'again: a b', ('p', 'q')).words(),
                                           Envelope('d', 'e f', 'again: a b', ('p', 'q'))),
    (Envelope().words(), Envelope()), (['policies '], Envelope())])
def test_envelopes_survive_the_way_as_text(words, parsed):
    assert Envelope.parse(words) == parsed


@pytest.mark.parametrize('values', [
    {}, {'seed': '1', 'steps': 'x', 'return': '1'}, {'seed': '1', 'steps': '0', 'return': '1'},
    {'seed': '1', 'steps': '1', 'return': 'nan'}, {'seed': '1', 'steps': '9' * 400, 'return': '1'},
    {'seed': '-' + '9' * 40, 'steps': '1', 'return': '1'}])
def test_malformed_episode_ends_are_refused(values):
    with pytest.raises(RstdpError, match='episode_end'):
        EpisodeEnd.parse('a-1', 'terminated', values)
    with pytest.raises(RstdpError, match='message'):
        EpisodeEnd.parse('a-1', 'finished', {'seed': '1', 'steps': '1', 'return': '1'})


def test_episode_ends_survive_the_way_as_text():
    original = EpisodeEnd('a-1', 'terminated', 200_000_001, 17, 0.1 + 0.2)
    assert EpisodeEnd.parse('a-1', 'terminated', original.values()) == original


@pytest.fixture(scope='module')
def small(cartpole, demo_physics):
    """Return an adaptation of a small network, and its undisturbed digests."""
    network = random_network(7, (8, 6, 5, 2), ticks=2)
    parameters = replace(preset('paper', 'cartpole'), eligibility_gain=0.3)
    adaptation = Adaptation(cartpole, network, demo_physics, EPISODES, Recipe(
        parameters, SEED, 'random', 'snapshot', GuardParameters(window=2)))
    learner, records = adapt(adaptation)
    assert len({r.digest for r in records}) == EPISODES
    return adaptation, [r.digest for r in records]


def thinking_times():
    """Draw the longest that learning takes, s: nothing, or longer than anybody is waited for."""
    return strategies.sampled_from([0.0, 30.0])


# The same examples every time: a crash every few seconds can starve a run by mere bad luck.
@settings(max_examples=60, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=strategies.integers(0, 2**32), loss=strategies.sampled_from([0.0, 0.001, 0.01]),
       duplicate=strategies.sampled_from([0.0, 0.2]),
       delay=strategies.sampled_from([0.0, 0.002, 0.05, 0.2]),
       crash=strategies.sampled_from([0.0, 0.001, 0.003]),
       late=strategies.sampled_from([0.0, 0.5, 4.0]), thinking=thinking_times())
def test_no_trouble_changes_the_weights(small, tmp_path_factory, seed, loss, duplicate, delay,
                                        crash, late, thinking):
    adaptation, expected = small
    graph = SimulatedGraph(
        adaptation.task, adaptation.physics, adaptation.network, adaptation.learner,
        tmp_path_factory.mktemp('run'), np.random.default_rng(seed), loss, duplicate, delay,
        crash, late)
    graph.thinking = thinking
    assert graph.run(EPISODES) == expected


def start_times():
    """Draw when each node starts, s."""
    return strategies.fixed_dictionaries(dict.fromkeys(NODES, strategies.floats(0.0, 8.0)))


@pytest.mark.fault('graph', 'readers that match late cost episodes of a driver (100 graphs)',
                   '12 of 100 graphs lost one or more')
@settings(max_examples=100, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=strategies.integers(0, 2**32), late=strategies.sampled_from([0.1, 0.5, 2.4, 4.0]),
       duplicate=strategies.sampled_from([0.0, 0.2]),
       delay=strategies.sampled_from([0.0, 0.002, 0.05, 0.4]), starts=start_times(),
       thinking=thinking_times())
def test_no_episode_of_a_driver_is_lost(small, tmp_path_factory, measured, seed, late, duplicate,
                                        delay, starts, thinking):
    adaptation, expected = small
    graph = SelfPacedGraph(
        adaptation.task, adaptation.physics, adaptation.network, adaptation.learner,
        tmp_path_factory.mktemp('run'), np.random.default_rng(seed), 0.0, duplicate, delay, 0.0,
        late, starts)
    graph.first_seed, graph.thinking = adaptation.recipe.seed, thinking
    assert graph.run(EPISODES) == expected and graph.discarded == []
    measured('none lost')


@pytest.mark.fault('graph', 'episodes of a bag are not learned, or twice, where nodes die and '
                   'messages get lost (100 graphs)', '39 of 100 graphs')
@settings(max_examples=100, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=strategies.integers(0, 2**32), loss=strategies.sampled_from([0.0, 0.001, 0.003]),
       duplicate=strategies.sampled_from([0.0, 0.2]),
       delay=strategies.sampled_from([0.0, 0.002, 0.05]),
       crash=strategies.sampled_from([0.0, 0.001, 0.003]),
       late=strategies.sampled_from([0.0, 0.5, 2.4]), starts=start_times(),
       thinking=thinking_times())
def test_every_episode_of_a_bag_teaches_once(small, tmp_path_factory, measured, seed, loss,
                                             duplicate, delay, crash, late, starts, thinking):
    adaptation, expected = small
    graph = PlayedGraph(
        adaptation.task, adaptation.physics, adaptation.network, adaptation.learner,
        tmp_path_factory.mktemp('run'), np.random.default_rng(seed), loss, duplicate, delay,
        crash, late, starts)
    graph.cues, digests = record(adaptation)
    # A bag repeats an episode a few times only, however often adaptation dies over it.
    graph.thinking = min(thinking, 2.0) if crash else thinking
    assert digests == expected == graph.run(EPISODES)
    graph.run_until(lambda: graph.environment.over)
    assert graph.run_object.learner.episode == EPISODES
    measured('each learned exactly once')


def test_an_undisturbed_graph_runs_every_episode_once(small, tmp_path):
    adaptation, expected = small
    graph = SimulatedGraph(adaptation.task, adaptation.physics, adaptation.network,
                           adaptation.learner, tmp_path, np.random.default_rng(0), delay=0.001)
    assert graph.run(EPISODES) == expected
    assert graph.adaptation.protocol.counters['episodes discarded'] == 0
    assert graph.environment.episode_id in (f'boot0-{EPISODES}', f'boot0-{EPISODES + 1}')
