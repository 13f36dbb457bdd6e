"""A motor that pushes the wrong way is found before anything is learned."""

import importlib.util
import math

from forking import Supervisor
from graphs import demo_nodes, probe, records_in, wait_for_robot
import pytest

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.protocol.realtime import RealTime
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.checklist import OK, WARN
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.motion import MotionCheck, PATIENCE
from rstdp_ros.tasks.robot import JointWiring, RobotPlant
from rstdp_ros.tasks.stand_in import StandIn, StandInParameters

PERIOD = 0.02
QUIET, NOISY = StandInParameters(), StandInParameters(velocity_noise=0.05)
BAD = {'actuator_delay': 0.025, 'dead_zone': 1.0, 'cart_damping': 2.0}
# What their motors and cart are like, and their sensors.
ROBOTS = [({}, QUIET), *(({name: value}, QUIET) for name, value in BAD.items()), ({}, NOISY),
          (BAD, NOISY)]
AGAINST = 'slider_to_cart moves against its efforts'


def play(cartpole, network, scale, values=(), sensors=QUIET, enough=12, prove=True, mend=False):
    """
    Play a policy on a stand-in in virtual time.

    :param values: of the stand-in's physics, where not a decent machine's.
    :param mend: turn the sign and enable again when the robot was disabled.
    :return: how its episodes ended, and what is thought of the motor.
    """
    task = cartpole.as_stand_in()
    robot = StandIn(task, task.make_physics(dict(values)), sensors)
    plant = RobotPlant(cartpole, {j: JointWiring(j) for j in cartpole.robot.joints}, robot.command,
                       lambda: robot.time + 1.0, scale, prove_motion=prove)
    env = RealTime(plant, 'boot', lambda: 0, PERIOD)
    env.latching, ends = True, []

    def go_on(seconds):
        count = max(1, round(seconds / 0.01))
        for _ in range(count):
            robot.advance(robot.time + seconds / count)
            joints = robot.read()
            plant.sense(robot.time + 1.0, cartpole.robot.joints, *joints)

    while (env.enabled or mend) and len(ends) < enough:
        if not env.enabled:
            plant.effort_scale, mend = -plant.effort_scale, False
            env.set_enabled(True)
        go_on(1.0)  # the hand sets it up
        env.reset(robot.time)
        while env.running:
            message, = env.poll(robot.time)
            if env.running:
                action = network.infer(cartpole.robot.observation(*message.joints)).action
                go_on(0.002)
                env.action(message.episode_id, message.stamp, cartpole.robot.efforts[action],
                           robot.time)
                go_on(PERIOD - 0.002)
            else:
                ends.append(message.message)
        for _ in range(60):
            env.poll(robot.time)
            go_on(0.01)
        if ends[-1] in ('terminated', 'truncated'):
            break
    return ends, plant.verdict


@pytest.fixture(params=range(3))
def network(request):
    """Return each shipped network."""
    return SpikingQNetwork.load(share_path(f'models/cartpole_{request.param}.npz'))


@pytest.mark.parametrize('values, sensors', ROBOTS)
@pytest.mark.parametrize('pole', [{}, {'pole_half_length': 0.8, 'pole_mass': 0.3}])
def test_a_right_sign_is_proven_soon_on_imperfect_plants(cartpole, network, values, sensors, pole):
    ends, verdict = play(cartpole, network, 1.0, {**values, **pole}, sensors)
    assert verdict.status == OK and len(ends) <= 2
    assert all('motion not proven yet' in end for end in ends[:-1])
    assert ends[-1] in ('terminated', 'truncated')


@pytest.mark.parametrize('values, sensors', ROBOTS)
def test_a_wrong_sign_stops_the_robot_before_an_episode_counts(cartpole, network, values, sensors):
    ends, verdict = play(cartpole, network, -1.0, values, sensors)
    assert AGAINST in ends[-1] and all(end.startswith('aborted: ') for end in ends)


def test_a_sign_that_was_mended_is_proven_anew(cartpole, network):
    ends, verdict = play(cartpole, network, -1.0, mend=True)
    assert sum(AGAINST in end for end in ends) == 1
    assert ends[-1] in ('terminated', 'truncated') and verdict.status == OK


def test_a_weak_motor_is_learned_from_after_a_while(cartpole, network):
    ends, verdict = play(cartpole, network, 1e-3, sensors=NOISY, enough=99)
    assert verdict.status == WARN and 'does not clearly follow' in verdict.text
    assert all('motion not proven yet' in end for end in ends[:-1]) and len(ends) > 3
    assert ends[-1] in ('terminated', 'truncated')


def test_nothing_is_proven_where_nobody_asks_for_it(cartpole, network):
    ends, _ = play(cartpole, network, -1.0, prove=False)
    assert len(ends) == 1 and ends[0] in ('terminated', 'truncated')


@pytest.mark.parametrize('gain, delay, status, words', [
    (1.0, 0, OK, 'after 0 control periods'), (1.0, 3, OK, 'after 3 control periods'),
    (-1.0, 0, WARN, AGAINST)])
def test_motion_tells_delay_and_sign_of_the_motor(cartpole, gain, delay, status, words):
    check, velocity = MotionCheck(cartpole), 0.0
    efforts = [10.0 * (-1) ** (i // 3 + i // 7) for i in range(60)]
    for i, effort in enumerate(efforts):
        velocity += 0.02 * gain * (efforts[i - delay] if i >= delay else 0.0)
        check.step(Joints([0.0, 0.0], [velocity, 0.0]), effort)
    assert check.verdict.status == status and words in check.verdict.text
    assert check.against == (gain < 0.0)
    check.anew()
    assert check.verdict is None and not check.against


@pytest.mark.parametrize('period', [1, 5])
def test_what_stays_undecided_is_a_doubt_in_the_end(cartpole, period):
    check = MotionCheck(cartpole)
    for i in range(PATIENCE + 1):
        assert check.verdict is None
        check.step(Joints([0.0, 0.0], [math.sin(3.0 * i), 0.0]), 10.0 * (-1) ** (i // period))
    assert check.verdict.status == WARN and not check.against


def test_a_joint_that_bears_weight_tells_nothing():
    """An acrobot's elbow moves against its efforts when all is well."""
    task = get_task('acrobot')
    plant = RobotPlant(task, {j: JointWiring(j) for j in task.robot.joints}, print, lambda: 0.0,
                       prove_motion=True)
    check = MotionCheck(task)
    for i in range(PATIENCE + 1):
        effort = (-1.0) ** (i // 7)
        check.step(Joints([0.0, 0.0], [0.0, -effort]), effort)
    assert not plant.unproven and check.verdict is None and not check.against


@pytest.mark.skipif(importlib.util.find_spec('rclpy') is None, reason='ROS 2 is not installed')
@pytest.mark.fault('tools', 'a wrong sign of effort_scale is learned from', '3 episodes were')
@pytest.mark.parametrize('scale', [-1.0, 1.0])
def test_nothing_is_learned_from_a_wrong_sign(tmp_path, domain, scale, measured):
    first, *rest = demo_nodes(tmp_path, 10_000, plant='robot')
    first = NodeDescription('environment', {**first.parameters, 'effort_scale': scale})
    nodes = [first, *rest, NodeDescription('stand_in', {'set_up_after': 0.3})]
    with Supervisor(nodes, tmp_path) as graph:
        if scale > 0.0:
            wait_for_robot(lambda: len(records_in(tmp_path)) >= 2, graph)
            return
        wait_for_robot(lambda: AGAINST in (tmp_path / 'environment.log').read_text(), graph)
        values = probe('diagnostics_where', 'environment', 'enabled', 'False')
        assert values['level'] == 2
        assert not records_in(tmp_path)
    measured('none: the robot is stopped first')
