"""The cart-pole equals Gymnasium's, step by step and episode by episode."""

from dataclasses import replace
import warnings

import gymnasium
from networks import with_w2
import numpy as np
import pytest

from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.plasticity import GuardParameters, preset, Recipe
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.cartpole.physics import CartPolePhysics, failed, step
from rstdp_ros.tasks.gym import GymPlant
from rstdp_ros.tasks.stepped import stepped

PLANTS = [{}, {'pole_half_length': 0.8, 'pole_mass': 0.3}, {'cart_mass': 2.5, 'gravity': 3.7},
          {'force_magnitude': 3.0}]


def gymnasium_plant(values, frozen=False):
    """Return Gymnasium's own environment with changed attributes."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        env = gymnasium.make('CartPole-v0').unwrapped
    names = {'pole_half_length': 'length', 'pole_mass': 'masspole', 'cart_mass': 'masscart',
             'gravity': 'gravity', 'force_magnitude': 'force_mag'}
    for name, value in values.items():
        setattr(env, names[name], value)
    if not frozen:
        env.total_mass = env.masspole + env.masscart
        env.polemass_length = env.masspole * env.length
    return env


@pytest.mark.parametrize('frozen', [False, True])
@pytest.mark.parametrize('values', PLANTS)
def test_single_steps_equal_gymnasiums(values, frozen):
    env = gymnasium_plant(values, frozen)
    env.reset(seed=0)
    physics = CartPolePhysics(derived_parameters='frozen' if frozen else 'recomputed', **values)
    generator = np.random.default_rng(1)
    for _ in range(500):
        state = generator.uniform(-1, 1, 4) * (2.5, 3, 0.22, 3)
        action = int(generator.integers(2))
        env.state, env.steps_beyond_terminated = state.copy(), None
        _, _, terminated, _, _ = env.step(action)
        ours = step(tuple(state), (-10.0, 10.0)[action], physics.constants())
        ended = failed(ours, physics.constants())
        assert np.abs(np.array(ours) - env.state).max() <= 1e-12
        assert ended == terminated


def test_derived_parameters_differ():
    values = {'pole_mass': 0.5}
    frozen = CartPolePhysics(derived_parameters='frozen', **values)
    assert frozen.constants() != CartPolePhysics(**values).constants()


@pytest.mark.parametrize('seed', [0, 1, 12345, 400_000_000])
def test_starts_are_gymnasiums(seed, cartpole):
    env = gymnasium_plant({})
    env.reset(seed=seed)
    assert np.array_equal(cartpole.start_states([seed])[0], env.state)


@pytest.mark.parametrize('values', PLANTS)
def test_whole_episodes_equal_gymnasiums(values, cartpole, shipped):
    env, seeds = gymnasium_plant(values), range(300_000_000, 300_000_010)
    returns = []
    for seed in seeds:
        observation, _ = env.reset(seed=seed)
        steps, terminated = 0, False
        while not terminated and steps < cartpole.max_episode_steps:
            observation, _, terminated, _, _ = env.step(shipped.infer(observation).action)
            steps += 1
        returns.append(steps)
    assert cartpole.returns(shipped, seeds, cartpole.make_physics(values)).tolist() == returns


def test_batches_equal_single_episodes_and_the_registered_environment(
        cartpole, shipped, demo_physics):
    seeds = range(300_000_000, 300_000_005)
    plant = GymPlant(cartpole)
    plant.set_physics(demo_physics)
    for seed, total in zip(seeds, cartpole.returns(shipped, seeds, demo_physics)):
        episode = cartpole.episode(shipped, seed, demo_physics)
        assert episode.episode_return == total == len(episode.rasters)
        joints, rasters, end = plant.reset(seed), [], ''
        while not end:
            inference = shipped.infer(cartpole.robot.observation(*joints))
            rasters.append(inference.raster)
            joints, _, end = plant.step(cartpole.robot.effort(inference.q_values))
        assert np.array_equal(np.array(rasters), episode.rasters)


def test_environment_is_registered_and_sound():
    from gymnasium.utils.env_checker import check_env
    env = gymnasium.make('rstdp_ros.tasks.gym:rstdp_ros/CartPole-v0')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        check_env(env.unwrapped, skip_render_check=True)


def test_stock_environment_gives_the_same_digests(cartpole, shipped):
    # Wide open modulation: on the default plant a perfect return would change nothing.
    parameters = preset('authors', 'cartpole')
    adaptation = Adaptation(cartpole, with_w2(shipped, 0.3 * shipped.weights[1]),
                            cartpole.physics(), 6, Recipe(
                                parameters, 200_000_000, guard='snapshot',
                                guard_parameters=GuardParameters(window=2)))
    _, ours = adapt(adaptation)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        _, stock = adapt(replace(adaptation, task=stepped(cartpole, 'CartPole-v0')))
    assert [r.digest for r in ours] == [r.digest for r in stock]
    assert len({r.digest for r in ours}) > 3


def test_physics_change_between_steps(cartpole):
    plant = GymPlant(cartpole)
    first, second = (plant.reset(1), plant.step(10.0).joints)
    plant.reset(1)
    plant.set_physics(CartPolePhysics(force_magnitude=1.0))
    assert plant.step(10.0).joints != second
    assert plant.reset(1) == first


def test_an_episode_that_explodes_ends(cartpole, shipped):
    # Frozen fields make the denominator vanish near this mass.
    physics = cartpole.make_physics({'pole_mass': 1.467, 'derived_parameters': 'frozen'})
    returns = cartpole.returns(shipped, range(50), physics)
    assert np.isfinite(returns).all() and returns.max() < 100


@pytest.mark.parametrize('values, reason', [
    ({'pole_mass': float('nan')}, 'finite'), ({'pole_mass': -1.0}, 'below its minimum'),
    ({'gravity': 1e9}, 'above its maximum'), ({'colour': 1}, 'unknown parameter'),
    ({'pole_mass': 'heavy'}, 'must be a float'), ({'pole_mass': True}, 'must be a float'),
    ({'derived_parameters': 'maybe'}, 'not one of')])
def test_refuses_bad_physics(values, reason, cartpole):
    with pytest.raises(RstdpError, match=reason):
        cartpole.make_physics(values)


def test_accepts_an_integer_for_a_double(cartpole):
    assert cartpole.make_physics({'pole_half_length': 1}).pole_half_length == 1.0


@pytest.mark.parametrize('effort', [0.0, 9.9, float('nan'), float('inf')])
def test_refuses_efforts_that_are_not_the_tasks(effort, cartpole):
    plant = GymPlant(cartpole)
    plant.reset(0)
    with pytest.raises(RstdpError, match='effort'):
        plant.step(effort)


def test_refuses_environments_that_do_not_fit(cartpole):
    with pytest.raises(RstdpError, match='does not fit'):
        GymPlant(cartpole, 'MountainCar-v0')
    with pytest.raises(RstdpError, match='cannot be made'):
        GymPlant(cartpole, 'Nothing-v0')
    with pytest.raises(RstdpError, match='no tunable physics'):
        GymPlant(cartpole, 'CartPole-v1').set_physics(CartPolePhysics(pole_mass=0.3))
    with pytest.raises(RstdpError, match='unknown task'):
        get_task('unicycle')
