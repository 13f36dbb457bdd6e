"""Gymnasium environments that somebody else wrote: any fault of theirs is one sentence."""

import warnings

import gymnasium
import numpy as np
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.gym import GymPlant


class Foreign(gymnasium.Env):
    """A cart that never moves; a test spoils one of its ways."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    observation = np.zeros(4, np.float32)

    def reset(self, seed=None, options=None):
        """Begin."""
        return self.observation, {}

    def step(self, action):
        """Go on for a step."""
        return self.observation, 1.0, False, False, {}


def spoilt(**ways):
    """Return an id of an environment with other ways."""
    env_id = f'Spoilt-v{len(gymnasium.registry)}'
    gymnasium.register(env_id, entry_point=type('Spoilt', (Foreign,), ways))
    return env_id


def failing(*arguments, **more):
    """Raise what no list of exceptions has on it."""
    raise ZeroDivisionError('no reason\nat all')


ZEROS = np.zeros(4, np.float32)
FAULTS = {
    'old step': ({'step': lambda self, action: (ZEROS, 1.0, False, {})}, 'step()'),
    'old reset': ({'reset': lambda self, **more: ZEROS}, 'reset()'),
    'reset without seed': ({'reset': lambda self: (ZEROS, {})}, 'reset()'),
    'constructor that raises': ({'__init__': failing}, 'cannot be made'),
    'constructor with arguments': ({'__init__': lambda self, track: None}, 'track'),
    'no spaces': ({'action_space': None, 'observation_space': None}, 'cannot be made'),
    'space of words': ({'observation_space': gymnasium.spaces.Text(4)}, 'does not fit'),
    'actions from 1': ({'action_space': gymnasium.spaces.Discrete(2, start=1)}, 'from 1'),
    'reward None': ({'step': lambda self, a: (ZEROS, None, False, False, {})}, 'a reward'),
    'reward NaN': ({'step': lambda self, a: (ZEROS, np.nan, False, False, {})}, 'a reward'),
    'reward word': ({'step': lambda self, a: (ZEROS, '1', False, False, {})}, 'a reward'),
    'observation NaN': ({'observation': np.full(4, np.nan)}, 'it observes [nan'),
    'observation None': ({'observation': None}, 'it observes nan'),
    'observation short': ({'observation': ZEROS[:2]}, 'it observes [0.0, 0.0]'),
    'step that raises': ({'step': failing}, 'ZeroDivisionError: no reason at all'),
}


@pytest.mark.fault('files', '--env with an environment that does not keep its interface',
                   'traceback, or Q-values of 0 for observations that are no numbers')
@pytest.mark.parametrize('fault', FAULTS)
def test_an_environment_at_fault_is_named(fault, capsys):
    ways, reason = FAULTS[fault]
    env_id = spoilt(**ways)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        assert main(['adapt', 'cartpole', '--env', env_id, '--episodes', '2']) == 2
    output = capsys.readouterr()
    assert output.err.count('\n') == 1 and env_id in output.err and reason in output.err


@pytest.mark.fault('files', '--env with an environment that has a `physics` of its own',
                   'AttributeError: no attribute joints')
@pytest.mark.parametrize('physics', ['newton', None, get_task('acrobot').physics()])
def test_another_environments_physics_is_its_own(physics, cartpole):
    plant = GymPlant(cartpole, spoilt(physics=physics))
    assert not plant.tunable and plant.reset(3).positions[0] == 0.0
    plant.set_physics(cartpole.physics())
    assert plant.env.unwrapped.physics == physics
    with pytest.raises(RstdpError, match='no tunable physics'):
        plant.set_physics(cartpole.make_physics({'pole_mass': 0.3}))


def test_an_environment_may_fail_late(cartpole):
    plant = GymPlant(cartpole, spoilt(step=lambda self, a: (ZEROS, np.float32(1), np.bool_(0),
                                                            False, {})))
    plant.reset(1)
    assert plant.step(10.0).reward == 1.0
    type(plant.env.unwrapped).step = failing
    with pytest.raises(RstdpError, match='Spoilt.*ZeroDivisionError'):
        plant.step(10.0)


@pytest.mark.fault('files', 'observations that are not finite', 'Q = [0, 0]')
@pytest.mark.parametrize('strange', [np.nan, np.inf, -np.inf, None])
def test_the_network_refuses_observations_that_are_not_finite(strange, shipped):
    for place in range(4):
        observation = np.zeros(4)
        observation[place] = strange
        with pytest.raises(RstdpError, match='is not finite'):
            shipped.infer(observation)
