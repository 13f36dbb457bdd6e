"""Noise that is reinforced: the rule's equation, its controls, and what it gains."""

import numpy as np
import pytest

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import AdaptationRun, Learner, Recipe, Shown
from rstdp_ros.plasticity.perturbation import Perturbation, PerturbationParameters
from rstdp_ros.plasticity.reinforcement import CREDITS, STREAM
from rstdp_ros.plasticity.sites import Site, SITES
from rstdp_ros.snn import quantize, SpikingQNetwork, with_gains
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path

SEED = 7
RETURNS = (100.0, 120.0, 90.0, 200.0, 20.0, 110.0, 130.0)
STARTS = seeds.block(seeds.VALIDATION, 50)
BAD = ({'pole_half_length': 0.9, 'force_magnitude': 4.0},
       {'pole_half_length': 0.1, 'force_magnitude': 15.0, 'pole_mass': 0.7},
       {'pole_half_length': 0.8, 'pole_mass': 0.8, 'force_magnitude': 6.0})


def told(strategy, returns):
    """Let a strategy hear of episodes with these returns; return its proposals."""
    network, proposals = strategy.initial, []
    for value in returns:
        proposals.append(strategy.propose(Shown(network, np.empty(0), value)))
        network = network.replace(weights=proposals[-1].weights)
    return proposals


def of(network, **values):
    """Return the strategy for a network."""
    return Perturbation(network, PerturbationParameters(**values), SEED)


def noise_of(episode, shape=(4, 1)):
    """Return the noise of an episode, numbered from 1."""
    return np.random.default_rng((STREAM, SEED, episode)).standard_normal(shape)


def test_the_noise_is_reinforced_by_the_centred_return(shipped):
    proposals = told(of(shipped), RETURNS[:3])
    # The first episode has no noise; its return is the usual one. The second differs by 20, which
    # is then the usual difference; it counts half, and the third a third of its difference from
    # 110 and so on.
    second = 0.2 * noise_of(1)
    second *= min(1.0, 0.5 / np.linalg.norm(second))
    assert np.allclose(proposals[1].deploy[0], with_gains(shipped, second[:, 0]).weights[0])
    third = 0.2 * (90.0 - 110.0) / 20.0 * noise_of(2)
    third *= min(1.0, 0.5 / np.linalg.norm(third))
    z = second + third
    assert np.allclose(proposals[2].deploy[0], with_gains(shipped, z[:, 0]).weights[0])
    playing = np.clip(z + 0.7 * noise_of(3), -2.5, 2.5)
    assert np.allclose(proposals[2].weights[0], with_gains(shipped, playing[:, 0]).weights[0])


def test_equal_returns_teach_nothing(shipped):
    for proposal in told(of(shipped), 10 * (150.0,)):
        assert all(map(np.array_equal, proposal.deploy, shipped.weights))
        assert not np.array_equal(proposal.weights[0], shipped.weights[0])


def test_without_need_nothing_is_tried(shipped):
    strategy = of(shipped)
    for proposal in told(strategy, 5 * (200.0,)):
        assert all(map(np.array_equal, proposal.weights, shipped.weights))
    # The plant changes: noise again, until the usual return is the best one again.
    told(strategy, (20.0,))
    assert strategy.learned.noise.any()
    told(strategy, 40 * (200.0,))
    assert not strategy.learned.noise.any()


def test_an_outlier_moves_it_no_farther_than_it_may(shipped):
    calm, shocked = of(shipped), of(shipped)
    told(calm, (100.0, 110.0, 90.0, 100.0, 110.0))
    told(shocked, (100.0, 110.0, 90.0, 100.0, -1e9))
    assert np.linalg.norm(calm.learned.log_gains - shocked.learned.log_gains) <= 1.0
    assert abs(shocked.learned.usual - calm.learned.usual) < 20.0


@pytest.mark.parametrize('site', SITES)
def test_only_the_weights_of_its_site_change(shipped, site):
    strategy = of(shipped, site=site)
    last = told(strategy, RETURNS)[-1]
    layer = Site.of(site, shipped.weights).layer
    for i, (mine, before) in enumerate(zip(last.deploy, shipped.weights)):
        assert np.array_equal(mine, before) == (i != layer)
        assert np.array_equal(np.sign(mine), np.sign(before))
    assert np.abs(strategy.learned.log_gains).max() <= 2.5


@pytest.mark.parametrize('site, groups', [('values', 4), ('inputs', 8), ('hidden', 64),
                                          ('W1', 512), ('W2', 4096), ('W3', 128)])
def test_weights_of_a_group_share_their_gain(shipped, site, groups):
    made = Site.of(site, shipped.weights)
    z = np.random.default_rng(0).normal(size=made.shape)
    weights = made.scaled(shipped.weights, z)
    ratio = (weights[made.layer] / shipped.weights[made.layer]).astype(np.float64)
    assert z.size == groups == len(np.unique(ratio.round(4))) or site[0] == 'W'
    if site == 'values':
        assert np.array_equal(weights[0], with_gains(shipped, z[:, 0]).weights[0])


@pytest.mark.parametrize('credit', CREDITS)
def test_controls_draw_the_same_noise(shipped, credit):
    real, control = of(shipped), of(shipped, credit=credit)
    assert np.array_equal(told(real, RETURNS[:1])[0].weights[0],
                          told(control, RETURNS[:1])[0].weights[0])
    told(real, RETURNS[1:])
    told(control, RETURNS[1:])
    same = np.array_equal(real.learned.log_gains, control.learned.log_gains)
    assert same == (credit == 'centred')


def test_the_opposite_goes_the_other_way(shipped):
    real, opposite = of(shipped), of(shipped, credit='opposite')
    told(real, RETURNS)
    told(opposite, RETURNS)
    assert np.allclose(real.learned.log_gains, -opposite.learned.log_gains)


@pytest.mark.parametrize('bits', [32, 8])
def test_a_resumed_run_goes_on_bit_for_bit(shipped, cartpole, demo_physics, tmp_path, bits):
    network = shipped if bits == 32 else quantize(shipped)
    recipe = Recipe.of('cartpole', seeds.ADAPTATION, 'perturbation')

    def play(run, count):
        return [run.finish_episode(*next_episode(cartpole, run.learner, demo_physics)).digest
                for _ in range(count)]
    expected = play(AdaptationRun(Learner(network, recipe)), 8)
    assert len(set(expected)) == 8
    digests = []
    for count in (1, 3, 4):
        run = AdaptationRun(Learner(network, recipe), tmp_path)
        run.resume(pytest.fail)
        digests += play(run, count)
    assert digests == expected


@pytest.mark.parametrize('bits', [32, 8])
def test_after_a_rollback_an_episode_without_noise_moves_nothing(shipped, cartpole, demo_physics,
                                                                 bits):
    network = shipped if bits == 32 else quantize(shipped)
    learner = Learner(network, Recipe.of('cartpole', seeds.ADAPTATION, 'perturbation'))
    for _ in range(5):
        learner.learn(*next_episode(cartpole, learner, demo_physics))
        assert learner.strategy.learned.noise.any()
    before = learner.deployed.digest
    assert learner.running.digest != before
    learner.roll_back()
    learner.learn(*next_episode(cartpole, learner, demo_physics))
    assert learner.deployed.digest == before


@pytest.mark.parametrize('change, words', [
    ({'difference': -1.0}, 'averages'), ({'usual': None}, 'averages'),
    ({'reinforced': -1}, 'averages'),
    ({'difference': float('nan')}, 'finite'), ({'noise': np.zeros((3, 1))}, 'noise')])
def test_a_state_that_cannot_be_is_refused(shipped, change, words):
    learner = Learner(shipped, Recipe.of('cartpole', SEED, 'perturbation'))
    learner.learn(np.zeros((9, *shipped.raster_shape), np.uint8), 9.0)
    state = learner.state()
    state['rule'] |= change
    with pytest.raises(RstdpError, match=words):
        Learner(shipped, learner.recipe).restore(state)


def deployed_after(task, episodes, **values):
    """Return the mean return of what is deployed, over bad plants and the shipped networks."""
    means = []
    for i, plant in enumerate(BAD):
        physics = task.make_physics(plant)
        for j in range(3):
            network = SpikingQNetwork.load(model_path(f'cartpole_{j}'))
            learner = Learner(network, Recipe.of(
                task.name, seeds.ADAPTATION + 1000 * (3 * i + j), 'perturbation').with_values(
                    values))
            for _ in range(episodes):
                learner.learn(*next_episode(task, learner, physics))
            means.append(task.returns(learner.deployed, STARTS, physics).mean())
    return np.mean(means)


def test_it_masters_bad_plants_and_its_controls_do_not(cartpole):
    before = deployed_after(cartpole, 0)
    assert before < 115.0
    assert deployed_after(cartpole, 50) > 185.0
    assert deployed_after(cartpole, 50, credit='opposite') < before
    assert deployed_after(cartpole, 50, credit='shuffled') < 150.0


def test_nothing_is_lost_on_the_plant_of_training(cartpole, shipped):
    learner = Learner(shipped, Recipe.of('cartpole', seeds.ADAPTATION, 'perturbation'))
    for _ in range(100):
        learner.learn(*next_episode(cartpole, learner, cartpole.physics()))
    assert cartpole.returns(learner.deployed, STARTS).mean() >= 199.5
