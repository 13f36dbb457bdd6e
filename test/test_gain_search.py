"""Gains found by returns alone: the search, the strategy, and what combined makes of both."""

import numpy as np
import pytest

from rstdp_ros import seeds
from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.plasticity.checkpoint import decode, encode
from rstdp_ros.plasticity.search import FORGOTTEN, GainSearch, SearchParameters
from rstdp_ros.twin.combined import DISTRUSTED
from rstdp_ros.twin.strategy import MOST_DOUBT

BEST = np.array([0.0, 0.5, -0.5, 0.0])


def returned(point, generator, best=BEST):
    """Return something noisy that is largest at a point that nobody knows."""
    return float(200.0 * np.exp(-np.sum((point - best)**2)) + generator.normal(0.0, 10.0))


def searched(episodes, best=BEST, seed=0, search=None):
    """Let a search go on for some episodes."""
    search, generator = search or GainSearch(4, SearchParameters(), seed), np.random.default_rng(
        seed)
    point, events = search.deployed, []
    for _ in range(episodes):
        choice = search.told(point, returned(point, generator, best))
        point = choice.point
        events.append(choice.event)
    return search, events


@pytest.mark.parametrize('seed', range(4))
def test_it_finds_what_is_better(seed):
    search, _ = searched(60, seed=seed)
    assert np.sum((search.deployed - BEST)**2) < 0.6 * np.sum(BEST**2)
    assert np.abs(search.deployed).max() <= SearchParameters().max_log_gain


def test_what_cannot_be_improved_is_kept():
    for seed in range(6):
        search, _ = searched(40, best=np.zeros(4), seed=seed)
        assert np.sum(search.deployed**2) < 0.2


def test_another_plant_is_noticed():
    search, _ = searched(60)
    _, events = searched(40, best=-3.0 * BEST, seed=1, search=search)
    assert FORGOTTEN in events


def fresh(network, strategy, **values):
    recipe = Recipe.of('cartpole', seeds.ADAPTATION, strategy).with_values(values)
    return Learner(network, recipe)


@pytest.mark.parametrize('strategy', ['gains', 'combined'])
def test_a_run_that_is_broken_off_goes_on_with_the_same_bits(strategy, cartpole, shipped):
    physics = cartpole.make_physics({'pole_half_length': 0.9, 'force_magnitude': 4.0})
    quick = {'generations': 2, 'candidates': 6, 'starts': 8, 'validation_starts': 40}
    through, broken = (fresh(shipped, strategy, **quick) for _ in range(2))
    for learner in (through, broken):
        if strategy == 'combined':
            learner.strategy.doubt = MOST_DOUBT
    events = []
    for _ in range(7):
        state = broken.state()
        broken = fresh(shipped, strategy, **quick)
        broken.restore(decode(encode(state)))
        records = [one.learn(*next_episode(cartpole, one, physics)) for one in (through, broken)]
        assert records[0].digest == records[1].digest
        events.append(records[0].event)
    assert len({*(record.digest for record in records)}) == 1
    assert through.running.digest != shipped.digest
    if strategy == 'combined':
        assert all(DISTRUSTED in event for event in events if 'plant changed' not in event)
