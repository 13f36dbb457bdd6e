"""What robots have and equations first lack: friction, delay, dead zone, imperfect sensors."""

from dataclasses import replace
import importlib.util
import math

from graphs import demo_graph, digests_in, offline, probe, wait_for
import ideal
import numpy as np
import pytest

from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task, TASKS
from rstdp_ros.tasks.acrobot import physics as acrobot
from rstdp_ros.tasks.actuator import delivered
from rstdp_ros.tasks.cartpole import physics as cartpole
from rstdp_ros.tasks.gym import GymPlant
from rstdp_ros.tasks.resistance import resistance
from rstdp_ros.tasks.rollout import roll_out

START, STEPS = 300_000_000, 40
# Resistances per joint, in the order of the task's joints.
RESISTANCES = {
    'cartpole': {'cart_damping': 0.8, 'cart_friction': 0.6, 'pole_damping': 0.03,
                 'pole_friction': 0.02},
    'acrobot': {'shoulder_damping': 0.4, 'shoulder_friction': 0.2, 'elbow_damping': 0.3,
                'elbow_friction': 0.1}}
SENSORS = {
    'cartpole': {'cart_position_factor': 1.3, 'cart_velocity_factor': 0.8,
                 'pole_position_factor': 1.2, 'pole_velocity_factor': 0.7,
                 'cart_position_offset': -0.2, 'cart_velocity_offset': 0.03,
                 'pole_position_offset': 0.01, 'pole_velocity_offset': -0.05},
    'acrobot': {'shoulder_position_factor': 0.9, 'shoulder_velocity_factor': 1.2,
                'elbow_position_factor': 1.1, 'elbow_velocity_factor': 0.8,
                'shoulder_position_offset': 0.1, 'shoulder_velocity_offset': -0.2,
                'elbow_position_offset': -0.05, 'elbow_velocity_offset': 0.3}}
REAL = {'cartpole': {**RESISTANCES['cartpole'], **SENSORS['cartpole'], 'actuator_delay': 0.025,
                     'dead_zone': 0.5, 'pole_half_length': 0.8},
        'acrobot': {**RESISTANCES['acrobot'], **SENSORS['acrobot'], 'actuator_delay': 0.3,
                    'dead_zone': 0.01, 'link_length': 1.2}}


@pytest.fixture(params=TASKS)
def task(request):
    """Return each task."""
    return get_task(request.param)


@pytest.fixture
def network(task):
    """Return the task's first shipped network."""
    return SpikingQNetwork.load(share_path(f'models/{task.name}_0.npz'))


def states_of(task, count=1000):
    """Draw states all over what an episode may reach, and a few odd ones."""
    scale = {'cartpole': (2.4, 3.0, 0.4, 3.0), 'acrobot': (math.pi, math.pi, 8.0, 16.0)}
    states = np.random.default_rng(3).uniform(-1.0, 1.0, (count, 4)) * scale[task.name]
    return np.concatenate([states, np.zeros((1, 4)), np.full((1, 4), -0.0)])


def commands_of(task, rows=1, seed=0):
    """Draw efforts of the task, (rows, STEPS)."""
    return np.random.default_rng(seed).choice(task.robot.efforts, (rows, STEPS))


@pytest.mark.parametrize('frozen', ['recomputed', 'frozen'])
@pytest.mark.parametrize('plant', [{}, {'cartpole': {'pole_mass': 0.4, 'force_magnitude': 0.0},
                                        'acrobot': {'link_mass': 1.4, 'torque_magnitude': 0.0}}])
def test_without_them_every_step_keeps_its_bits(task, plant, frozen):
    values = {**plant.get(task.name, {}), 'derived_parameters': frozen}
    constants = task.make_physics(values).constants()
    for state in states_of(task).tolist():
        for effort in task.robot.efforts:
            ours = np.array(task.step(tuple(state), effort, constants))
            ideals = getattr(ideal, task.name)(*state, effort, constants)
            assert ours.tobytes() == np.array(ideals).tobytes()


@pytest.mark.parametrize('velocity', [0.0, -0.0, 1e-9, -3.0, math.inf, math.nan])
def test_a_joint_without_resistance_has_none_at_any_velocity(velocity):
    assert math.copysign(1.0, resistance(velocity, 0.0, 0.0, 0.05)) == 1.0
    assert resistance(velocity, 0.0, 0.0, 0.05) == 0.0


def test_friction_is_full_from_a_small_velocity_on():
    assert [resistance(v, 0.5, 2.0, 0.1) for v in (-1.0, -0.05, 0.0, 0.05, 1.0)] == (
        pytest.approx([-2.5, -1.025, 0.0, 1.025, 2.5]))


def energy(name, state, physics):
    """Return kinetic and potential energy, J."""
    if name == 'cartpole':
        _, x_dot, theta, theta_dot = state
        g, m, total, half, moment = physics.constants()[:5]
        return (total * x_dot**2 / 2 + moment * x_dot * theta_dot * math.cos(theta)
                + 2 / 3 * m * half**2 * theta_dot**2 + moment * g * math.cos(theta))
    theta1, theta2, velocity1, velocity2 = state
    g, length, com, m, moi = physics.constants()[:5]
    both = velocity1 + velocity2
    first = m * (com * velocity1)**2 + moi * velocity1**2
    second = moi * both**2 + m * ((length * velocity1)**2 + (com * both)**2
                                  + 2 * length * com * velocity1 * both * math.cos(theta2))
    height = (-com - length) * math.cos(theta1) - com * math.cos(theta1 + theta2)
    return (first + second) / 2 + m * g * height


def slope(name, state, effort, physics):
    """Return the derivative of a state."""
    constants = physics.constants()
    if name == 'cartpole':
        x_acc, theta_acc = cartpole.accelerations(*state[1:], effort, constants)
        return np.array([state[1], x_acc, state[3], theta_acc])
    return np.array([*state[2:], *acrobot.accelerations(*state, effort, constants)])


def test_all_power_goes_into_motion_or_friction(task):
    """Change of energy = effort * velocity of its joint - resistance * velocity of each joint."""
    plants = [task.physics(), task.make_physics(RESISTANCES[task.name]),
              *(task.make_physics({name: value})
                for name, value in RESISTANCES[task.name].items())]
    actuated, h = task.robot.joints.index(task.robot.actuated_joint), 1e-5
    full = {'cartpole': cartpole, 'acrobot': acrobot}[task.name].FULL_FRICTION
    for physics in plants:
        values = [getattr(physics, name) for name in RESISTANCES[task.name]]
        for state in states_of(task, 50):
            derivative = slope(task.name, state, 0.7, physics)
            change = (energy(task.name, state + h * derivative, physics)
                      - energy(task.name, state - h * derivative, physics)) / (2 * h)
            velocities = task.robot.pose(state).velocities
            spent = sum(v * (damping * v + friction * np.clip(v / full, -1.0, 1.0))
                        for v, damping, friction in zip(velocities, values[::2], values[1::2]))
            assert change == pytest.approx(0.7 * velocities[actuated] - spent, abs=1e-3, rel=1e-5)


def test_what_moves_comes_to_rest(task):
    start = {'cartpole': [[0.0, 0.5, math.pi - 0.3, 0.0]], 'acrobot': [[0.5, -0.4, 0.0, 0.0]]}
    name = task.name
    for values in ({key: value for key, value in RESISTANCES[name].items() if kind in key}
                   for kind in ('damping', 'friction')):
        physics = task.make_physics(values)
        states = task.drive(np.array(start[name]), None, np.zeros((1, 1000)), physics)[0]
        energies = [energy(name, state, physics) for state in states]
        assert energies[0] - energies[-1] > 0.9 * (energies[0] - lowest(name, physics))
        assert np.abs(task.robot.pose(states[-1]).velocities).max() < 0.01
    ideal_states = task.drive(np.array(start[name]), None, np.zeros((1, 1000)))[0]
    assert np.abs(task.robot.pose(ideal_states[-1]).velocities).max() > 0.01


def lowest(name, physics):
    """Return the energy of a plant that hangs at rest, J."""
    return energy(name, (0.0, 0.0, math.pi, 0.0) if name == 'cartpole' else (0.0,) * 4, physics)


@pytest.mark.parametrize('periods', [0, 1, 3])
def test_a_delay_of_whole_periods_shifts_the_efforts(task, periods):
    commands, starts = commands_of(task, 5), states_of(task, 3)
    past = commands_of(task, 5, seed=1)[:, :periods + 1]
    delayed = task.make_physics({'actuator_delay': periods * task.robot.control_period})
    shifted = np.concatenate([past[:, :periods][:, ::-1], commands], axis=1)[:, :STEPS]
    assert np.array_equal(task.drive(starts, past, commands, delayed),
                          task.drive(starts, None, shifted))


def test_a_fraction_of_a_period_mixes_two_efforts(task):
    commands, starts = commands_of(task, 5), states_of(task, 3)
    delayed = task.make_physics({'actuator_delay': 1.25 * task.robot.control_period})
    known = np.concatenate([np.zeros((5, 2)), commands], axis=1)
    mixed = 0.75 * known[:, 1:-1] + 0.25 * known[:, :-2]
    assert np.array_equal(task.drive(starts, None, commands, delayed),
                          task.drive(starts, None, mixed))


def test_the_longest_delay_reaches_into_the_past(task):
    starts, past = states_of(task, 0)[:1], np.array([[*[0.0] * 100]])
    physics = task.make_physics({'actuator_delay': 1.0})
    periods = round(1.0 / task.robot.control_period)
    past[0, periods - 1] = task.robot.efforts[-1]
    moved = task.drive(starts, past, np.zeros((1, 1)), physics)
    still = task.drive(starts, None, np.zeros((1, 1)), physics)
    assert not np.array_equal(moved, still)


def test_a_dead_zone_swallows_small_commands(task):
    commands = np.array([[0.5, 0.50001, -0.5, -0.6, 2.0]])
    physics, starts = task.make_physics({'dead_zone': 0.5}), states_of(task, 1)[:1]
    left = np.array([[0.0, 0.50001, 0.0, -0.6, 2.0]])
    assert np.array_equal(task.drive(starts, None, commands, physics),
                          task.drive(starts, None, left))
    half = 0.5 * task.robot.control_period
    strong = task.make_physics({'dead_zone': 0.6, 'actuator_delay': half})
    left = np.array([[0.0, 0.0, 0.0, 0.0, 1.0]])
    assert np.array_equal(task.drive(starts, None, commands, strong),
                          task.drive(starts, None, left))


def test_delivered_remembers_what_was_commanded():
    past = np.zeros(4)
    efforts = [delivered(command, past, np.array((1.5, 0.1)))
               for command in (1.0, 2.0, 0.05, 3.0, 4.0)]
    assert efforts == [0.0, 0.5, 1.5, 1.0, 1.5]
    assert past.tolist() == [4.0, 3.0, 0.05, 2.0]


def test_sensors_show_factor_times_truth_plus_offset(task):
    physics = task.make_physics(SENSORS[task.name])
    states = states_of(task, 20)
    factors, offsets = np.split(np.array(physics.sensors()), 2)
    first, second = (name.partition('_')[0] for name in list(RESISTANCES[task.name])[::2])
    for state in states:
        true = task.robot.pose(state)
        shown = task.shown(state, physics.sensors())
        assert np.array_equal(task.robot.states(*shown), factors * state + offsets)
        for kind, seen, values in zip(('position', 'velocity'), shown, true):
            assert list(seen) == pytest.approx([
                getattr(physics, f'{joint}_{kind}_factor') * value
                + getattr(physics, f'{joint}_{kind}_offset')
                for joint, value in zip((first, second), values)])
        perfect = task.robot.states(*task.shown(state, task.physics().sensors()))
        assert perfect.tobytes() == state.tobytes()


def test_states_come_back_from_joints(task):
    states = states_of(task, 6).reshape(2, 4, 4)
    joints = [[task.robot.pose(state) for state in row] for row in states]
    positions, velocities = (np.array([[getattr(j, kind) for j in row] for row in joints])
                             for kind in ('positions', 'velocities'))
    assert np.array_equal(task.robot.states(positions, velocities), states)


def test_the_policy_is_told_what_sensors_show_and_judged_by_the_truth(task, network):
    """With sensors that show twice the truth, episodes are those of half the input weights."""
    physics = task.make_physics(task.demo_physics)
    if task.name == 'acrobot':
        names, rows = ('shoulder_velocity', 'elbow_velocity'), range(8, 12)
    else:
        names = ('cart_position', 'cart_velocity', 'pole_position', 'pole_velocity')
        rows = range(8)
    doubled = replace(physics, **{f'{name}_factor': 2.0 for name in names})
    w1, w2, w3 = network.weights
    w1 = w1.copy()
    w1[list(rows)] *= 0.5
    halved, seeds = network.replace(weights=(w1, w2, w3)), range(START, START + 5)
    expected = task.returns(network, seeds, physics)
    assert np.array_equal(task.returns(halved, seeds, doubled), expected)
    assert not np.array_equal(task.returns(network, seeds, doubled), expected)
    seen = task.episode(halved, START, doubled, trajectory=True)
    true = task.episode(network, START, physics, trajectory=True)
    assert np.array_equal(seen.rasters, true.rasters)
    assert np.array_equal(seen.trajectory.velocities, 2.0 * true.trajectory.velocities)


@pytest.mark.parametrize('simulator', ['gym', 'pybullet'])
def test_an_end_is_told_by_the_truth(simulator):
    if simulator == 'pybullet':
        pytest.importorskip('pybullet')
    task = get_task('cartpole', simulator)
    plant = GymPlant(task)
    plant.set_physics(task.make_physics({'pole_position_offset': 1.0, 'cart_position_factor': 20.0,
                                         'cart_position_offset': 3.0}))
    joints = plant.reset(START)
    assert joints.positions[1] > 0.9 and joints.positions[0] > 2.0
    assert plant.step(10.0).end == ''


def test_many_plants_in_one_call_are_one_call_each(task, network):
    plants = [task.physics(), task.make_physics(REAL[task.name]),
              task.make_physics({**RESISTANCES[task.name], 'actuator_delay': 0.1}),
              task.make_physics(SENSORS[task.name])]
    seeds = [START, START + 1, START + 1, START + 2]
    together = task.returns(network, seeds, plants)
    assert together.tolist() == [task.returns(network, [seed], plant)[0]
                                 for seed, plant in zip(seeds, plants)]
    assert len({*together}) > 2
    starts, commands = task.start_states(seeds), commands_of(task, 4)
    driven = task.drive(starts, None, commands, plants)
    for i, plant in enumerate(plants):
        rows = slice(i, i + 1)
        assert np.array_equal(driven[rows],
                              task.drive(starts[rows], None, commands[rows], plant))
    for call in (lambda: task.returns(network, seeds, plants[:3]),
                 lambda: task.drive(starts, None, commands, plants[:3])):
        with pytest.raises(RstdpError, match='3 plants for 4 starts'):
            call()


def test_stepped_tasks_take_many_plants_too(network, task):
    pytest.importorskip('pybullet')
    bodies = get_task(task.name, 'pybullet')
    plants = [bodies.physics(), bodies.make_physics({'dead_zone': 100.0})]
    together = bodies.returns(network, [START] * 2, plants)
    assert together.tolist() == [bodies.returns(network, [START], p)[0] for p in plants]
    assert together[0] > together[1]


def test_compiled_episodes_equal_the_environment_step_by_step(task, network):
    physics = task.make_physics(REAL[task.name])
    plant = GymPlant(task)
    plant.set_physics(physics)
    for seed in range(START, START + 3):
        episode = task.episode(network, seed, physics, trajectory=True)
        rollout = roll_out(task, plant, network, seed)
        seen, joints = episode.trajectory, np.array(rollout.joints[:-1])
        assert np.array_equal(episode.rasters, rollout.rasters)
        assert np.array_equal(seen.positions, joints[:, 0])
        assert np.array_equal(seen.velocities, joints[:, 1])
        assert (seen.end, episode.episode_return) == (rollout.end, rollout.returns[-1])


def test_an_actuator_that_changes_in_mid_episode_keeps_the_commands(task):
    plant = GymPlant(task)
    plant.reset(START)
    delayed = task.make_physics({'actuator_delay': 2 * task.robot.control_period})
    commands = commands_of(task)[0, :6].tolist()
    joints = [plant.step(effort).joints for effort in commands[:4]]
    plant.set_physics(delayed)
    joints += [plant.step(effort).joints for effort in commands[4:]]
    exerted = np.array([[*commands[:4], *commands[2:4]]])
    states = task.drive(task.start_states([START]), None, exerted)[0]
    assert np.array_equal(task.robot.states(*np.array(joints).transpose(1, 0, 2)), states)


@pytest.mark.skipif(importlib.util.find_spec('rclpy') is None, reason='ROS 2 is not installed')
def test_a_graph_adapts_as_offline_on_a_real_plant(domain, tmp_path, shipped, cartpole):
    with demo_graph(tmp_path, 8, **REAL['cartpole']) as supervisor:
        wait_for((tmp_path / ADAPTED).exists, supervisor)
        answers = probe('set_parameters', [['environment', 'actuator_delay', 0.06],
                                           ['environment', 'pole_velocity_factor', 2],
                                           ['environment', 'dead_zone', -1.0]])
        assert answers[:2] == ['', ''] and 'dead_zone out of range' in answers[2]
    physics = cartpole.make_physics({**cartpole.demo_physics, **REAL['cartpole']})
    assert digests_in(tmp_path) == offline(cartpole, shipped, physics, 8)


def test_a_costly_end_makes_short_episodes_return_least():
    task = get_task('cartpole')
    falling = replace(task, reward=task.reward._replace(usual=(1.0, 1.0), last=(-100.0, -100.0)))
    assert falling.possible_returns() == (-100.0, task.reward.best)
    for steps in (1, 10, 200):
        assert not falling.objection_to(steps - 101.0) and not falling.objection_to(
            steps - 101.0, steps)
    assert falling.objection_to(-101.0)
