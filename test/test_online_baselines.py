"""Baselines of learning on a robot: each does what its name says, and counts its episodes."""

import numpy as np
import pytest

from rstdp_ros.experiments.online import linear_bound
from rstdp_ros.experiments.online.controllers import playing
from rstdp_ros.experiments.online.linear import INPUTS, LinearControl
from rstdp_ros.experiments.online.paper import paper, VALIDATION
from rstdp_ros.experiments.online.quadratic import designed, linearised, quadratic
from rstdp_ros.experiments.online.random_search import random_search

STARTS = range(20)
HARD = {'actuator_delay': 0.04, 'dead_zone': 0.5, 'cart_damping': 1.0, 'cart_friction': 0.1,
        'cart_velocity_factor': 2.0, 'pole_velocity_factor': 0.5, 'pole_position_offset': 0.02}


@pytest.fixture
def demo(cartpole, shipped, demo_physics):
    """Return what a baseline is called with, but for the number of episodes."""
    return cartpole, shipped, demo_physics, 5


def test_linear_control_is_the_sign_of_what_it_hears(cartpole):
    physics, weights = cartpole.make_physics(HARD), np.array([.3, .6, 7., 3., -.1, -.5, -.25])
    control = LinearControl(weights)
    for seed, steps in zip(STARTS, control(STARTS, physics)):
        seen = control.episode(seed, physics)
        assert len(seen.efforts) == steps
        assert seen.end == ('truncated' if steps == 200 else 'terminated')
        shown = cartpole.state_of(seen.positions, seen.velocities)
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
    physics = cartpole.make_physics(values)
    control, = quadratic(cartpole, shipped, physics, 5, 1)
    assert control(STARTS, physics).mean() == 200.0


def test_the_network_plays_until_something_is_identified(cartpole, shipped):
    physics = cartpole.make_physics({'pole_position_offset': 20.0, 'force_magnitude': 500.0})
    assert cartpole.returns(shipped, STARTS, physics).max() < 4
    for controller in quadratic(cartpole, shipped, physics, 0, 1):
        assert np.array_equal(controller(STARTS, physics),
                              cartpole.returns(shipped, STARTS, physics))


def test_memory_of_efforts_helps_where_they_come_late(cartpole, monkeypatch):
    monkeypatch.setattr(linear_bound, 'MANY', 40)
    physics = cartpole.make_physics({'actuator_delay': 0.04, 'pole_half_length': 0.12})
    hearing, blind = linear_bound.best_linear(physics, 4), linear_bound.best_linear(physics)
    assert len(hearing.weights) == INPUTS + 4 and len(blind.weights) == INPUTS
    # What the search finds without memory is better than the design without its memory.
    design = LinearControl(designed(physics)[:INPUTS])
    means = [control(STARTS, physics).mean() for control in (hearing, blind, design)]
    assert means[0] == 200.0 and means[0] > means[1] + 20.0 and means[1] > means[2] + 50.0


def test_random_search_deploys_the_largest_return(demo):
    task, network, physics, seed = demo
    found, largest, played = list(random_search(*demo, 12)), [], -np.inf
    assert np.array_equal(found[0](STARTS, physics), task.returns(network, STARTS, physics))
    for episode, controller in enumerate(found, seed):
        # What is new was tried in this very episode, and returned more than all before.
        if not largest or controller is not largest[-1]:
            value, = controller([episode], physics)
            assert value > played
            played, largest = value, [*largest, controller]
    assert 1 < len(largest) < len(found)
    assert all(map(np.array_equal, (c(STARTS, physics) for c in found),
                   (c(STARTS, physics) for c in random_search(*demo, 12))))


def test_the_papers_protocol_waits_for_its_validation(demo):
    task, network, physics, _ = demo
    found = list(paper(*demo, 2 * (VALIDATION + 1)))
    assert len({id(one) for one in found[:VALIDATION]}) == 1
    assert np.array_equal(found[0](STARTS, physics), task.returns(network, STARTS, physics))
    updated, = found[VALIDATION].args
    assert updated.digest != network.digest
    assert all(one is found[VALIDATION] for one in found[VALIDATION:-1])
    assert all(map(np.array_equal, updated.weights[::2], network.weights[::2]))


def test_fine_tuning_learns_and_is_reproducible(demo):
    pytest.importorskip('torch', reason='the extra "train" is not installed')
    from rstdp_ros.experiments.online.fine_tuning import fine_tuning
    task, network, physics, seed = demo
    tuned = [[one.args[0] for one in fine_tuning(*demo, 2, gradient_steps=5)] for _ in range(2)]
    digests = [[one.digest for one in run] for run in tuned]
    assert digests[0] == digests[1] and len({network.digest, *digests[0]}) == 3
    other, *_ = fine_tuning(task, network, physics, seed + 1, 1, gradient_steps=5)
    assert other.args[0].digest != digests[0][0]
    still, = fine_tuning(*demo, 1, gradient_steps=0)
    assert np.allclose(still.args[0].vector, network.vector, rtol=1e-6)


def test_controllers_take_plants_like_tasks(cartpole, shipped):
    plants = [cartpole.make_physics({'force_magnitude': force}) for force in (2.0, 10.0)]
    for controller in (playing(cartpole, shipped), LinearControl([0.1, 0.5, 2.0, 1.0])):
        returns = controller([3, 4], plants)
        assert returns.dtype == np.float64
        assert np.array_equal(returns, [controller([seed], plant)[0]
                                        for seed, plant in zip([3, 4], plants)])
