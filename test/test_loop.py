"""The loop of adaptation under an operator, in virtual time with every kind of trouble."""

from conftest import random_network
from explorer import Explorer
from hypothesis import given, HealthCheck, settings, strategies
import numpy as np
import pytest
from simulated_operator import OperatedGraph

from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.plasticity import GuardParameters, Recipe, STRATEGIES

EPISODES = 6
SEED = 200_000_000


@pytest.fixture(scope='module', params=['random', 'explorer'])
def small(cartpole, demo_physics, request):
    """Return an adaptation of a small network, by spikes alone or by all there is to see."""
    network = random_network(7, (8, 6, 5, 2), ticks=2)
    known = dict(STRATEGIES._loaded)
    STRATEGIES.add(Explorer)
    yield Adaptation(cartpole, network, demo_physics, EPISODES, Recipe.of(
        'cartpole', SEED, request.param, 'snapshot', 'paper',
        guard_parameters=GuardParameters(window=2)))
    STRATEGIES._loaded = known


@settings(max_examples=100, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=strategies.integers(0, 2**32), loss=strategies.sampled_from([0.0, 0.001, 0.01]),
       duplicate=strategies.sampled_from([0.0, 0.2]),
       delay=strategies.sampled_from([0.002, 0.01, 0.05]),
       crash=strategies.sampled_from([0.0, 0.001, 0.003]),
       late=strategies.sampled_from([0.0, 0.5]))
def test_a_run_that_is_operated_equals_the_same_offline(small, tmp_path_factory, seed, loss,
                                                        duplicate, delay, crash, late):
    graph = OperatedGraph(
        small.task, small.physics, small.network, small.learner, tmp_path_factory.mktemp('run'),
        np.random.default_rng(seed), loss, duplicate, delay, crash, late, operations=15,
        episodes=EPISODES)
    graph.run_to_the_end()
    graph.check(small.task, small.physics, small.learner())
