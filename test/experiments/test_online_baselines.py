"""Baselines of learning on a robot: each does what its name says, and counts its episodes."""

import numpy as np
import pytest

from rstdp_ros.experiments.online import linear_bound
from rstdp_ros.experiments.online.fine_tuning import fine_tuning
from rstdp_ros.experiments.online.linear import INPUTS, LinearControl
from rstdp_ros.experiments.online.paper import paper, VALIDATION
from rstdp_ros.experiments.online.quadratic import designed, linearised, quadratic
from rstdp_ros.experiments.online.random_search import random_search
from rstdp_ros.experiments.online.worlds import World

STARTS = range(20)
HARD = {'actuator_delay': 0.04, 'dead_zone': 0.5, 'cart_damping': 1.0, 'cart_friction': 0.1,
        'cart_velocity_factor': 2.0, 'pole_velocity_factor': 0.5, 'pole_position_offset': 0.02}


@pytest.fixture
def demo(cartpole):
    """Return the changed plant of the demo."""
    return World(cartpole, cartpole.demo_physics)


def same(ours, theirs):
    """Compare what was deployed."""
    return [one.digest for one in ours] == [one.digest for one in theirs]


def test_linear_control_is_the_sign_of_what_it_hears(cartpole):
    physics, weights = cartpole.make_physics(HARD), np.array([.3, .6, 7., 3., -.1, -.5, -.25])
    control = LinearControl(weights)
    for seed, steps in zip(STARTS, control.returns(STARTS, physics)):
        seen = control.episode(seed, physics)
        assert len(seen.efforts) == steps
        assert seen.end == ('truncated' if steps == 200 else 'terminated')
        shown = cartpole.robot.states(seen.positions, seen.velocities)
        past = np.pad(seen.efforts, (2, 0))[:-1] / 10.0
        lean = shown @ weights[:4] + weights[4] + weights[5] * past[1:] + weights[6] * past[:-1]
        assert np.array_equal(seen.efforts, np.where(lean > 0, 10.0, -10.0))


def test_the_linear_model_is_that_of_the_plant(cartpole):
    physics = cartpole.make_physics({'actuator_delay': 0.05, 'pole_half_length': 0.3})
    a, b = linearised(physics)
    generator, commands = np.random.default_rng(0), np.zeros(3)
    state = generator.normal(0.0, 0.01, 4)
    efforts = generator.choice([-0.1, 0.1], 12)
    z = np.concatenate([state, commands])
    for effort in efforts:
        z = a @ z + b[:, 0] * effort
    after = cartpole.drive(state[None], None, efforts[None], physics)[0, -1]
    assert np.allclose(z[:4], after, rtol=0.02, atol=1e-4)
    assert np.array_equal(z[4:], efforts[:-4:-1])


@pytest.mark.parametrize('values', [{}, HARD], ids=['nominal', 'hard'])
def test_one_identified_episode_suffices_a_control_engineer(values, cartpole, shipped):
    world = World(cartpole, values)
    control, = quadratic([world], shipped, 5)
    assert world.returns(control, STARTS).mean() == 200.0


def test_the_network_plays_until_something_is_identified(cartpole, shipped):
    world = World(cartpole, {'pole_position_offset': 20.0, 'force_magnitude': 500.0})
    assert world.returns(shipped, STARTS).max() < 4
    assert all(one is shipped for one in quadratic([world], shipped, 0))


def test_memory_of_efforts_helps_where_they_come_late(cartpole, monkeypatch):
    monkeypatch.setattr(linear_bound, 'MANY', 40)
    physics = cartpole.make_physics({'actuator_delay': 0.04, 'pole_half_length': 0.12})
    hearing, blind = linear_bound.best_linear(physics, 4), linear_bound.best_linear(physics)
    assert len(hearing.weights) == INPUTS + 4 and len(blind.weights) == INPUTS
    # What the search finds without memory is better than the design without its memory.
    design = LinearControl(designed(physics)[:INPUTS])
    means = [control.returns(STARTS, physics).mean() for control in (hearing, blind, design)]
    assert means[0] == 200.0 and means[0] > means[1] + 20.0 and means[1] > means[2] + 50.0


def test_the_bound_is_the_same_after_every_episode(cartpole, shipped, monkeypatch):
    monkeypatch.setattr(linear_bound, 'MANY', 5)
    world = World(cartpole, {'pole_velocity_factor': 2.0})
    found = list(linear_bound.linear_bound([world] * 2, shipped, 0, memory=1))
    assert found[0] is found[1] and len(found[0].weights) == INPUTS + 1


def test_random_search_deploys_the_largest_return(demo, shipped):
    found, largest, played = list(random_search([demo] * 12, shipped, 5)), [], -np.inf
    assert found[0] is shipped
    for episode, deployed in enumerate(found, 5):
        # What is new was tried in this very episode, and returned more than all before.
        if not largest or deployed is not largest[-1]:
            value, = demo.returns(deployed, [episode])
            assert value > played
            played, largest = value, [*largest, deployed]
    assert 1 < len(largest) < len(found)
    assert same(found, random_search([demo] * 12, shipped, 5))


def test_the_papers_protocol_waits_for_its_validation(demo, shipped):
    found = list(paper([demo] * 2 * (VALIDATION + 1), shipped, 5))
    assert all(one is shipped for one in found[:VALIDATION])
    updated, last = found[VALIDATION], found[-1]
    assert updated.digest != shipped.digest
    assert all(one is updated for one in found[VALIDATION:-1])
    assert all(map(np.array_equal, updated.weights[::2], shipped.weights[::2]))
    # The second update is kept only if it returned more in its hundred episodes.
    if last is not updated:
        first, second = (demo.returns(one, range(start, start + VALIDATION)).sum()
                         for one, start in ((updated, 6), (last, 107)))
        assert second > first


def test_fine_tuning_learns_and_is_reproducible(demo, shipped):
    pytest.importorskip('torch', reason='the extra "train" is not installed')
    tuned = [list(fine_tuning([demo] * 2, shipped, 5, gradient_steps=5)) for _ in range(2)]
    assert same(*tuned) and len({shipped.digest, *(one.digest for one in tuned[0])}) == 3
    other, = fine_tuning([demo], shipped, 6, gradient_steps=5)
    assert other.digest != tuned[0][0].digest
    still, = fine_tuning([demo], shipped, 5, gradient_steps=0)
    assert np.allclose(still.vector, shipped.vector, rtol=1e-6)


def test_linear_control_takes_plants_like_tasks(cartpole):
    plants = [cartpole.make_physics({'force_magnitude': force}) for force in (0.1, 10.0)]
    control = LinearControl([0.1, 0.5, 2.0, 1.0])
    returns = control.returns([3, 4], plants)
    assert returns.dtype == np.float64 and returns[0] != returns[1]
    assert np.array_equal(returns, [control.returns([seed], plant)[0]
                                    for seed, plant in zip([3, 4], plants)])
