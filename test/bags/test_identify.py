"""The plant's parameters from a bag, whatever moved it."""

import importlib.util
import json
import re

from graphs import start_demo
from moving import episode_of_a_driver, PERIOD, robot, write
import numpy as np
import pytest

from rstdp_ros.bags.recordings import Recording
from rstdp_ros.bags.stretches import stretches
from rstdp_ros.cli.main import main
from rstdp_ros.protocol.episode import EpisodeEnd
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.cartpole.machine import CartPoleMachine
from rstdp_ros.tasks.interface import Joints

ROS = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                         reason='ROS 2 is not installed')


@pytest.fixture
def identified(capsys):
    """Return a function that identifies and returns the JSON and what people see."""
    def call(*arguments):
        assert main(['identify', *map(str, arguments), '--json']) == 0
        output = capsys.readouterr()
        return json.loads(output.out), output.err
    return call


@pytest.fixture
def refused(capsys):
    """Return a function that returns the one sentence why nothing is identified."""
    def call(*arguments):
        assert main(['identify', *map(str, arguments)]) == 2
        sentence, = (line for line in capsys.readouterr().err.splitlines()
                     if not line.startswith('... '))
        return sentence
    return call


def assert_are(result, physics, names, part=0.01):
    """Compare what was identified with the truth."""
    for name in names:
        found = result['parameters'][name]
        assert found['value'] == pytest.approx(getattr(physics, name), rel=part), name
        assert found['low'] <= found['value'] <= found['high'] and found['identifiable']


BODY = ('pole_half_length', 'pole_mass', 'force_magnitude')


@pytest.mark.parametrize('skip', [(), ('action',)])
def test_the_demos_plant_is_identified_from_its_bag(tmp_path, record, demo_physics, identified,
                                                    skip):
    run = record(skip=skip)
    for _ in range(2):
        run.play()
    run.play(end='aborted: reset', learn=False)
    run.close()
    plot = tmp_path / 'plots' / 'plant.png'
    result, words = identified(tmp_path / 'bag', '--plot', plot)
    assert_are(result, demo_physics, BODY)
    assert result['task'] == 'cartpole' and result['episodes'] == 2
    assert result['steps'] == sum(map(len, run.rasters))
    assert result['parameters']['pole_mass'].keys() == {
        'nominal', 'value', 'low', 'high', 'identifiable'}
    values = result['fit']['values']
    assert len(values) == 4 and values['position of cart_to_pole']['unit'] == 'rad'
    assert all(one['share'] < 1e-3 for one in values.values())
    assert values['position of cart_to_pole']['nominal_share'] > 0.1
    assert result['fit']['structure'] == {'verdict': 'fits', 'ratio': 1.0, 'p_value': 1.0}
    assert result['parameters']['cart_friction']['value'] == 0.0
    assert plot.read_bytes().startswith(b'\x89PNG')
    assert '1 of 3 episodes left out: aborted' in words
    assert 'pole_half_length' in words and 'cart_mass 1 kg' in words


@pytest.mark.parametrize('skip', [(), ('action',)])
def test_returns_of_recorded_networks_are_predicted(tmp_path, record, identified, skip):
    run = record(skip=skip)
    for _ in range(2):
        run.play()
    run.play(end='aborted: reset', learn=False)
    run.close()
    result, words = identified(tmp_path / 'bag')
    assert len(result['fit']['returns']) == 2 and '2 of 2 episodes within' in words
    for one, raster in zip(result['fit']['returns'], run.rasters):
        assert one['recorded'] == len(raster)
        # The pole may fall a step sooner or later: joints are known up to their noise.
        assert one['predicted'] == pytest.approx(one['recorded'], abs=1.0)


def test_a_changed_plant_that_another_policy_moves_in_real_time(tmp_path, cartpole, identified,
                                                                refused):
    physics = cartpole.make_physics({'pole_half_length': 0.7, 'force_magnitude': 6.0,
                                     'actuator_delay': 0.03})
    episodes = [episode_of_a_driver(cartpole, physics, number) for number in range(2)]
    # Lost: an observation, an answer, and both.
    gone = {2 * 20, 2 * 31 + 1, 2 * 44, 2 * 44 + 1}
    lost = 3 + 2 * 6  # what was not recorded acts for a while
    rows = [row for episode in episodes for i, row in enumerate(episode) if i not in gone]
    path = write(tmp_path / 'bag', rows)
    assert '--task' in refused(path)
    result, words = identified(path, '--task', 'cartpole')
    assert_are(result, physics, (*BODY, 'actuator_delay'))
    assert result['steps'] == 2 * (60 - lost)
    assert 'cart_position_factor' in words.split('kept at their nominal values')[1]
    assert result['fit']['returns'] == [] and 'returns cannot be compared' in words
    one, _ = identified(path, '--task', 'cartpole', '--episodes', 1, 1)
    assert one['episodes'] == 1 and one['steps'] == 60 - lost
    assert 'holds 2 episodes' in refused(path, '--task', 'cartpole', '--episodes', 2, 3)
    assert '--episodes 3 2' in refused(path, '--task', 'cartpole', '--episodes', 3, 2)


def test_a_robot_that_never_heard_of_us(tmp_path, cartpole, identified, refused):
    physics = CartPoleMachine(pole_half_length=0.8, pole_mass=0.3, cart_damping=0.0,
                             pole_damping=0.0, dead_zone=0.0)
    path = write(tmp_path / 'bag', robot(cartpole, physics, 8.0, ['rail', 'pivot'], 3.0, -0.5,
                                         'motor'))
    file = tmp_path / 'robot.yaml'
    file.write_text("""
/**:
  ros__parameters:
    controller: motor
    effort_scale: -2.0
    joints.slider_to_cart.name: rail
    joints.cart_to_pole.name: pivot
    joints.cart_to_pole.zero: 3.0
    joints.cart_to_pole.scale: -0.5
    rate: 100
""")
    options = [path, '--task', 'cartpole', '--params-file', file]
    result, _ = identified(*options)
    # Its time is continuous, that of the equations is not.
    assert_are(result, physics, ('pole_half_length', 'force_magnitude'), part=0.1)
    assert result['fit']['values']['velocity of cart_to_pole']['share'] < 0.1
    assert '0 states of slider_to_cart and cart_to_pole' in refused(path, '--task', 'cartpole')
    for scale in ('fast', '0'):
        file.write_text(re.sub('effort_scale: .*', f'effort_scale: {scale}', file.read_text()))
        assert 'effort_scale' in refused(*options)


@pytest.mark.parametrize('skip, words', [
    (('observation',), 'no observation were recorded'),
    (('action', 'spikes'), 'no spikes were recorded'),
    (('action', 'weights'), '--task')])
def test_what_is_missing_is_named(tmp_path, record, refused, skip, words):
    run = record(skip=skip)
    run.play()
    run.close()
    assert words in refused(tmp_path / 'bag')


def test_bags_of_another_task_or_of_too_little(tmp_path, record, refused):
    run = record()
    run.play(end='aborted: reset', learn=False)
    run.close()
    assert 'was made for cartpole' in refused(tmp_path / 'bag', '--task', 'acrobot')
    assert 'no step of a cartpole' in refused(tmp_path / 'bag')


def recorded(rows, end=None, live=True):
    """Make a recording of (step, whether observed, effort or None, how late the answer came)."""
    pace = PERIOD if live else PERIOD // 50
    return Recording(
        {i * PERIOD: (i * pace, Joints((i, 0.0), (0.0, 0.0))) for i, seen, *_ in rows if seen},
        {i * PERIOD: (int((i + late) * pace), effort) for i, _, effort, late in rows
         if effort is not None}, end)


def ended(steps, efforts=''):
    """Say how an episode ended."""
    return EpisodeEnd('a-1', 'terminated', 0, steps, 1.0, efforts)


def shown(found):
    """Return the steps and efforts of trajectories, and the efforts before."""
    return [(one.positions[:, 0].tolist(), one.efforts.tolist(), one.before.tolist())
            for one in found]


# Lost: an answer, an observation, and both; and the step of each row is its effort.
ROWS = [(i, i != 13, None if i == 3 else float(i), 0.2) for i in range(16) if i != 2]


def test_in_real_time_a_missing_step_splits_an_episode(cartpole):
    assert shown(stretches(cartpole, recorded(ROWS, ended(16)))) == [
        ([0, 1], [0, 1], []),
        # What was not recorded acts for a while.
        ([10, 11, 12], [10, 11, 12], [9, 8, 7, 6, 5, 4, 1, 1, 1, 0]),
        ([14, 15], [14, 15], [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 1, 1, 1, 0])]


def test_in_real_time_a_late_answer_leaves_the_one_before_in_force(cartpole):
    rows = [(i, True, 1.0 + i, 1.5 if i == 2 else 0.2) for i in range(5)]
    assert shown(stretches(cartpole, recorded(rows))) == [
        ([0, 1, 2, 3, 4], [1, 2, 2, 4, 5], [])]


def test_in_lockstep_only_what_is_known_to_be_whole_counts(cartpole):
    rows = [(i, i != 2, float(i), 0.2) for i in range(5)]
    assert shown(stretches(cartpole, recorded(rows, ended(5), live=False))) == [
        ([0, 1], [0, 1], []), ([3, 4], [3, 4], [2, 1, 0])]
    for end, words in ((ended(6), 'steps are missing'), (ended(5, 16 * '0'), 'other efforts'),
                       (ended(5)._replace(message='aborted: reset'), 'aborted')):
        with pytest.raises(RstdpError, match=words):
            stretches(cartpole, recorded(rows, end, live=False))


@ROS
def test_a_demo_over_ros_tells_its_plant(tmp_path, domain, demo_physics, identified):
    demo = start_demo(tmp_path / 'run', '--episodes', 2, '--record', tmp_path / 'bag')
    _, errors = demo.communicate(timeout=240)
    assert demo.returncode == 0, errors
    result, _ = identified(tmp_path / 'bag')
    assert result['episodes'] >= 2 and np.isfinite(result['fit']['values'][
        'position of cart_to_pole']['rms'])
    assert_are(result, demo_physics, BODY)
