"""The loop of adaptation under an operator, in virtual time with every kind of trouble."""

from conftest import random_network
from hypothesis import given, HealthCheck, settings, strategies
import numpy as np
import pytest
from simulated_operator import OperatedGraph

from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.plasticity import GuardParameters, preset, Recipe

EPISODES = 6
SEED = 200_000_000


@pytest.fixture(scope='module')
def small(cartpole, demo_physics):
    """Return an adaptation of a small network."""
    network = random_network(7, (8, 6, 5, 2), ticks=2)
    return Adaptation(cartpole, network, demo_physics, EPISODES, Recipe(
        preset('paper', 'cartpole'), SEED, 'random', 'snapshot', GuardParameters(window=2)))


@settings(max_examples=300, deadline=None, derandomize=True,
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
