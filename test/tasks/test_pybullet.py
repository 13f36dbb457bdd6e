"""PyBullet's plants: our equations, the URDF's joints, and what friction and delay do."""

from dataclasses import replace
from importlib.util import find_spec
import math
import sys
import warnings
from xml.etree import ElementTree

from graphs import demo_graph, digests_in, offline, wait_for
import gymnasium
import numpy as np
import pytest

from rstdp_ros.bringup import describe_graph
from rstdp_ros.cli.main import main
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task, TASKS
from rstdp_ros.tasks.acrobot import physics as acrobot
from rstdp_ros.tasks.cartpole import physics as cartpole
from rstdp_ros.tasks.gym import GymPlant
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.pybullet.world import World
from rstdp_ros.tasks.urdf import describe

pytestmark = pytest.mark.skipif(find_spec('pybullet') is None,
                                reason='PyBullet is not installed')
STEPS = 50
PLANTS = {
    'cartpole': [{}, {'pole_half_length': 0.8, 'pole_mass': 0.3},
                 {'cart_mass': 2.5, 'force_magnitude': 6.0}],
    'acrobot': [{}, {'link_length': 1.4, 'link_mass': 1.4},
                {'link_length': 0.75, 'link_mass': 1.25}]}
START = Joints((0.02, 0.04), (-0.03, 0.01))


def sequences(task):
    """Return three sequences of efforts: alternating, random and none."""
    effort = task.robot.efforts[-1]
    generator = np.random.default_rng(0)
    return {'alternating': [effort * (-1.0)**(k // 3) for k in range(STEPS)],
            'random': generator.choice(task.robot.efforts, STEPS).tolist(),
            'none': [0.0] * STEPS}


def derivatives(name, joints, command, physics):
    """Return velocities and accelerations by our equations."""
    (q1, q2), (v1, v2) = joints[:2], joints[2:]
    constants = physics.constants()
    if name == 'cartpole':
        return [v1, v2, *cartpole.accelerations(v1, q2, v2, physics.exerted(command), constants)]
    return [v1, v2, *acrobot.accelerations(q1, q2, v1, v2, physics.exerted(command), constants)]


@pytest.mark.parametrize('name', TASKS)
@pytest.mark.parametrize('plant', range(3))
def test_bodies_move_as_the_equations_say(name, plant):
    integrate = pytest.importorskip('scipy.integrate')
    task = get_task(name, 'pybullet')
    physics = task.make_physics(PLANTS[name][plant])
    world = World(task)
    for efforts in sequences(task).values():
        world.build(physics)
        world.place(START)
        state, worst = [*START.positions, *START.velocities], 0.0
        for effort in efforts:
            world.advance(physics.exerted(effort), world.substeps)
            state = integrate.solve_ivp(
                lambda t, y, effort=effort: derivatives(name, y, effort, physics),
                (0.0, task.robot.control_period), state, method='RK45', rtol=1e-9,
                atol=1e-11).y[:, -1]
            worst = max(worst, np.abs(np.subtract(world.read().positions, state[:2])).max())
        assert world.substep == pytest.approx(1e-3) and worst <= 1e-3
        assert np.abs(state).max() > 0.05  # else nothing was compared


def ends(world, link):
    """Return where Bullet sees the frame of a link, and its direction along z."""
    index = {world.bullet.getJointInfo(world.body, i)[12].decode(): i for i in range(2)}[link]
    state = world.bullet.getLinkState(world.body, index, computeForwardKinematics=True)
    rotation = np.reshape(world.bullet.getMatrixFromQuaternion(state[5]), (3, 3))
    return np.array(state[4]), rotation[:, 2]


def test_joints_have_the_signs_and_units_of_the_tasks():
    task = get_task('cartpole', 'pybullet')
    world = World(task)
    world.build(task.physics())
    world.place(Joints((0.7, 0.3), (0.0, 0.0)))
    origin, up = ends(world, 'pole')
    assert np.allclose(origin, (0.7, 0, 0)) and np.allclose(up, (math.sin(0.3), 0, math.cos(0.3)))
    task = get_task('acrobot', 'pybullet')
    world = World(task)
    world.build(task.make_physics({'link_length': 1.3}))
    world.place(Joints((0.4, 0.5), (0.0, 0.0)))
    elbow, up = ends(world, 'lower_link')
    assert np.allclose(elbow, (1.3 * math.sin(0.4), 0, -1.3 * math.cos(0.4)))
    assert np.allclose(-up, (math.sin(0.9), 0, -math.cos(0.9)))


@pytest.mark.parametrize('name', TASKS)
def test_the_urdf_file_is_that_of_default_physics(name):
    def numbers(element):
        def read(text):
            try:
                return [float(word) for word in text.split()]
            except ValueError:
                return text
        return [(e.tag, {key: read(value) for key, value in e.attrib.items()})
                for e in element.iter()]

    file = ElementTree.parse(share_path(f'urdf/{name}.urdf')).getroot()
    for simulator in ('gym', 'pybullet'):
        described = describe(get_task(name, simulator))
        assert numbers(ElementTree.fromstring(described)) == numbers(file)


def cart(physics, joints, effort=0.0):
    """Return the cart's joints after a control period; the pole hangs at rest."""
    task = get_task('cartpole', 'pybullet')
    world = World(task)
    world.build(task.make_physics(physics))
    world.place(joints)
    world.advance(effort, world.substeps)
    return world.read()


def test_damping_and_friction_resist():
    moving, resting = (Joints((0.0, math.pi), (v, 0.0)) for v in (1.0, 0.0))
    mass = 1.1 - 0.1 * 0.75  # what the cart feels of a hanging pole
    for resistance in ({'cart_damping': 0.5}, {'cart_friction': 0.5}):
        change = 1.0 - cart(resistance, moving).velocities[0]
        assert change == pytest.approx(0.5 * 0.02 / mass, rel=0.01)
    assert cart({'cart_friction': 0.5}, resting, effort=0.4).velocities[0] == 0.0
    assert cart({'cart_friction': 0.5}, resting, effort=0.9).velocities[0] == pytest.approx(
        0.4 * 0.02 / mass, rel=0.01)
    assert cart({}, moving).velocities[0] == pytest.approx(1.0, abs=1e-9)


def test_a_command_works_after_its_delay():
    task = get_task('cartpole', 'pybullet')

    def gains(delay):
        plant = GymPlant(task)
        plant.set_physics(task.make_physics({'actuator_delay': delay}))
        changes = []
        for effort in task.robot.efforts:
            joints = [plant.reset(1), *(plant.step(effort).joints for _ in range(3))]
            changes.append(np.diff([j.velocities[0] for j in joints]))
        return changes[1] - changes[0]

    # A delay of one and a half periods: nothing, half of it, and then all.
    assert gains(0.03) == pytest.approx(gains(0.0)[0] * np.array((0.0, 0.5, 1.0)), abs=0.02)
    assert gains(0.0)[0] > 0.3


def test_delay_and_time_step_change_while_commands_are_on_their_way():
    task = get_task('cartpole', 'pybullet')

    def efforts(*physics):
        """Return the changes of the cart's velocity, a changed plant for each step."""
        plant = GymPlant(task)
        plant.set_physics(task.make_physics(physics[0]))
        joints = [plant.reset(1)]
        for i, values in enumerate(physics):
            plant.set_physics(task.make_physics(values))
            joints.append(plant.step(-10.0 if i == 0 else 10.0).joints)
        return np.diff([j.velocities[0] for j in joints])

    slow, fast = {'actuator_delay': 0.06}, {'actuator_delay': 0.0}
    # The first command, to the left, is still to come; those after it do not overtake it.
    changes = efforts(slow, fast, fast, fast, fast)
    assert abs(changes[:3]).max() < 0.05 and changes[3:] == pytest.approx(0.2, abs=0.1)
    # In halves of the time step it comes at the same time.
    finer = efforts(slow, {**slow, 'substep': 0.0005}, slow, slow, slow)
    assert finer == pytest.approx(efforts(*[slow] * 5), abs=0.01)


@pytest.mark.parametrize('name', TASKS)
def test_an_episode_depends_on_nothing_before_it(name):
    task = get_task(name, 'pybullet')
    network = SpikingQNetwork.load(share_path(f'models/{name}_0.npz'))
    joint = {'cartpole': 'pole', 'acrobot': 'elbow'}[name]
    physics = task.make_physics({f'{joint}_friction': 0.02, f'{joint}_damping': 0.01,
                                 'actuator_delay': 0.003})
    first = task.episode(network, 7, physics)
    task.episode(network, 8, task.physics())
    again = task.episode(network, 7, physics)
    assert np.array_equal(first.rasters, again.rasters)
    assert not np.array_equal(first.rasters, task.episode(network, 7).rasters)


def test_lengths_change_in_mid_episode_where_the_joints_are():
    task = get_task('acrobot', 'pybullet')
    plant = GymPlant(task)
    plant.reset(3)
    joints = [plant.step(1.0).joints for _ in range(5)][-1]
    plant.set_physics(task.make_physics({'link_length': 2.0}))
    assert plant.env.unwrapped.joints == joints
    longer = plant.step(1.0).joints
    plant.reset(3)
    plant.set_physics(task.physics())
    assert [plant.step(1.0).joints for _ in range(6)][-2] == joints
    assert longer != plant.env.unwrapped.joints


@pytest.mark.parametrize('name', TASKS)
def test_registered_environment_is_sound_and_draws_without_a_display(name):
    from gymnasium.utils.env_checker import check_env
    env = gymnasium.make(get_task(name, 'pybullet').env_id, render_mode='rgb_array')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        check_env(env.unwrapped, skip_render_check=True)
    env.reset(seed=1)
    assert env.render().shape == (480, 640, 3) and env.render().std() > 1.0
    env.close()
    env.close()


@pytest.mark.parametrize(('name', 'least'), [('cartpole', 190.0), ('acrobot', -120.0)])
def test_networks_trained_on_equations_work_on_bodies(name, least):
    task = get_task(name, 'pybullet')
    for i in range(3):
        network = SpikingQNetwork.load(share_path(f'models/{name}_{i}.npz'))
        assert task.returns(network, range(300_000_000, 300_000_005)).mean() >= least


def test_a_graph_adapts_as_offline(domain, tmp_path, shipped):
    pytest.importorskip('rclpy', reason='ROS 2 is not installed')
    task = get_task('cartpole', 'pybullet')
    values = {'pole_half_length': 0.8, 'pole_mass': 0.3, 'pole_friction': 0.01}
    with demo_graph(tmp_path, 10, plant='pybullet', pole_friction=0.01) as supervisor:
        wait_for((tmp_path / ADAPTED).exists, supervisor)
    assert digests_in(tmp_path) == offline(task, shipped, task.make_physics(values), 10)


def test_mistakes_are_named(capsys, monkeypatch):
    assert main(['evaluate', 'cartpole', '--plant', 'pybullet', '--set',
                 'derived_parameters=frozen']) == 2
    assert 'not one of recomputed' in capsys.readouterr().err
    assert main(['demo', 'cartpole', '--plant', 'pybullet', '--robot']) == 2
    assert 'leave out --plant' in capsys.readouterr().err
    assert main(['demo', 'cartpole', '--gui']) == 2
    assert 'add --plant pybullet' in capsys.readouterr().err
    with pytest.raises(RstdpError, match='pole_moi:=1.0 needs plant:=pybullet'):
        describe_graph('cartpole', {'pole_moi': 1})
    with pytest.raises(RstdpError, match='no window to open'):
        GymPlant(get_task('cartpole'), gui=True)
    monkeypatch.delenv('DISPLAY', raising=False)
    with pytest.raises(RstdpError, match='needs a display'):
        GymPlant(get_task('cartpole', 'pybullet'), gui=True)
    monkeypatch.setitem(sys.modules, 'pybullet', None)
    with pytest.raises(RstdpError, match=r'rstdp_ros\[pybullet\]'):
        World(get_task('cartpole', 'pybullet'))


def test_velocities_are_bounded_as_gymnasium_does():
    task = get_task('acrobot', 'pybullet')
    env = gymnasium.make(task.env_id).unwrapped
    env.reset(seed=1)
    env.physics = replace(env.physics, torque_magnitude=100.0)
    for _ in range(20):
        env.step(2)
        assert np.abs(env.joints.velocities).max() <= acrobot.MAX_VELOCITY_2
    assert env.observation_space.contains(env.step(2)[0])
