"""The acrobot equals Gymnasium's, step by step and episode by episode."""

import math
import warnings

import gymnasium
import numpy as np
import pytest

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.acrobot.physics import AcrobotPhysics, reached, step, wrapped
from rstdp_ros.tasks.gym import GymPlant

PLANTS = [{}, {'link_length': 1.4, 'link_mass': 0.6}, {'link_moi': 0.75, 'gravity': 3.7},
          {'link_length': 0.5, 'link_mass': 1.5, 'link_moi': 1.5}]


@pytest.fixture(scope='module')
def acrobot():
    """Return the task."""
    return get_task('acrobot')


@pytest.fixture(scope='module')
def network():
    """Return the first shipped network."""
    return SpikingQNetwork.load(share_path('models/acrobot_0.npz'))


def gymnasium_plant(values, frozen=False):
    """Return Gymnasium's own environment with changed attributes."""
    env = gymnasium.make('Acrobot-v1').unwrapped
    env.LINK_LENGTH_1 = env.LINK_LENGTH_2 = values.get('link_length', 1.0)
    env.LINK_MASS_1 = env.LINK_MASS_2 = values.get('link_mass', 1.0)
    env.LINK_MOI = values.get('link_moi', 1.0)
    if not frozen:
        env.LINK_COM_POS_1 = env.LINK_COM_POS_2 = env.LINK_LENGTH_1 / 2
    return env


@pytest.mark.parametrize('frozen', [False, True])
@pytest.mark.parametrize('values', [v for v in PLANTS if 'gravity' not in v])
def test_single_steps_equal_gymnasiums(values, frozen):
    env = gymnasium_plant(values, frozen)
    env.reset(seed=0)
    physics = AcrobotPhysics(derived_parameters='frozen' if frozen else 'recomputed', **values)
    generator, ends = np.random.default_rng(1), 0
    for _ in range(1000):
        state = generator.uniform(-1, 1, 4) * (math.pi, math.pi, 6, 12)
        action = int(generator.integers(3))
        env.state = state.copy()
        _, reward, terminated, _, _ = env.step(action)
        ours = step(tuple(state), (-1.0, 0.0, 1.0)[action], physics.constants())
        ended = reached(ours, physics.constants())
        # Where the angle wraps, the last bit decides the side.
        angles = np.abs(np.angle(np.exp(1j * (np.array(ours[:2]) - env.state[:2]))))
        assert angles.max() <= 1e-12
        assert np.abs(np.array(ours[2:]) - env.state[2:]).max() <= 1e-12
        assert ended == terminated == (reward == 0.0)
        ends += ended
    assert ends > 50


@pytest.mark.parametrize('seed', [0, 1, 12345, 400_000_000])
def test_starts_are_gymnasiums(seed, acrobot):
    env = gymnasium_plant({})
    env.reset(seed=seed)
    assert np.array_equal(acrobot.start_states([seed])[0], env.state)


@pytest.mark.parametrize('values', [v for v in PLANTS if 'gravity' not in v])
def test_whole_episodes_equal_gymnasiums(values, acrobot, network):
    env, seeds = gymnasium_plant(values), range(300_000_000, 300_000_010)
    returns = []
    for seed in seeds:
        observation, _ = env.reset(seed=seed)
        total, steps, terminated = 0.0, 0, False
        while not terminated and steps < acrobot.max_episode_steps:
            observation, reward, terminated, _, _ = env.step(network.infer(observation).action)
            total, steps = total + reward, steps + 1
        returns.append(total)
    assert acrobot.returns(network, seeds, acrobot.make_physics(values)).tolist() == returns


@pytest.mark.parametrize('values', PLANTS)
def test_batches_equal_the_registered_environment(values, acrobot, network):
    seeds, physics = range(300_000_000, 300_000_003), acrobot.make_physics(values)
    plant = GymPlant(acrobot)
    plant.set_physics(physics)
    for seed, total in zip(seeds, acrobot.returns(network, seeds, physics)):
        episode = acrobot.episode(network, seed, physics)
        joints, rasters, rewards, end = plant.reset(seed), [], 0.0, ''
        while not end:
            inference = network.infer(acrobot.robot.observation(*joints))
            rasters.append(inference.raster)
            joints, reward, end = plant.step(acrobot.robot.effort(inference.q_values))
            rewards += reward
        assert np.array_equal(np.array(rasters), episode.rasters)
        assert rewards == total == episode.episode_return
        assert (end == 'truncated') == (total == -500.0)


def test_environment_is_registered_and_sound():
    from gymnasium.utils.env_checker import check_env
    env = gymnasium.make('rstdp_ros.tasks.gym:rstdp_ros/Acrobot-v0')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        check_env(env.unwrapped, skip_render_check=True)


def test_joints_come_back_from_observations(acrobot):
    generator = np.random.default_rng(2)
    for _ in range(100):
        positions, velocities = generator.uniform(-3, 3, (2, 2))
        joints = acrobot.robot.joints_of(acrobot.robot.observation(positions, velocities))
        assert np.allclose(joints.positions, positions, atol=1e-6)
        assert np.allclose(joints.velocities, velocities, atol=1e-6)


def test_derived_parameters_differ():
    frozen = AcrobotPhysics(link_length=1.5, derived_parameters='frozen')
    assert frozen.constants() != AcrobotPhysics(link_length=1.5).constants()


@pytest.mark.parametrize('angle', [0.0, 3.2, -3.2, 50.0, -50.0, 1e6, -1e9])
def test_angles_are_wrapped(angle):
    inside = wrapped(angle)
    assert -math.pi <= inside <= math.pi
    assert math.isclose(math.cos(inside), math.cos(angle), abs_tol=1e-6)
