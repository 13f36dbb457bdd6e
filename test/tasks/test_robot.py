"""The robot as a plant: wiring, readiness, time-outs, and what it is commanded when."""

from dataclasses import replace
import math

import pytest

from rstdp_ros.protocol.realtime import RealTime
from rstdp_ros.protocol.watchdog import CommandWatchdog
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.cartpole.physics import accelerations, CartPolePhysics
from rstdp_ros.tasks.cartpole.task import CARTPOLE
from rstdp_ros.tasks.robot import JointWiring, REST_PERIOD, RobotPlant, ZEROS
from rstdp_ros.tasks.stand_in import StandIn, StandInParameters

PERIOD = 0.02
NAMES = ['pole', 'cart']  # the driver's order is not the task's


class Bench:
    """A robot whose time and joints the test sets, and a record of its commands."""

    def __init__(self, task, **options):
        self.now, self.commands = 10.0, []
        wiring = {'slider_to_cart': JointWiring('cart'),
                  'cart_to_pole': JointWiring('pole', zero=math.pi, scale=-1.0)}
        self.plant = RobotPlant(task, wiring, self.commands.append, lambda: self.now, **options)

    def sense(self, x=0.0, theta=0.0, velocities=(0.0, 0.0)):
        """Have the driver say where cart and pole are."""
        return self.plant.sense(self.now, NAMES, [math.pi - theta, x], list(velocities))

    def quiver(self):
        """Return where cart and pole are that never stand quite still."""
        return 1e-3 * math.sin(self.now), 1e-3 * math.cos(self.now)

    def wait(self, seconds=PERIOD):
        """Let time go on."""
        self.now += seconds
        return self.now


@pytest.fixture
def bench(cartpole):
    """Return a robot that is ready."""
    result = Bench(cartpole)
    result.sense()
    return result


def started(bench):
    """Return a latching environment after its first observation, and that observation."""
    env = RealTime(bench.plant, 'boot', lambda: 0, PERIOD)
    env.latching = True
    env.reset(bench.now)
    return env, *env.poll(bench.now)


def test_joints_are_matched_by_name_zero_and_sign(bench):
    bench.wait()
    bench.sense(0.03, 0.05, velocities=(-0.2, 0.1))
    joints = bench.plant.reset(0)
    assert joints.positions == pytest.approx([0.03, 0.05])
    assert joints.velocities == pytest.approx([0.1, 0.2])


def test_missing_velocities_are_estimated(bench):
    bench.wait(0.01)
    bench.sense(0.001, -0.002, velocities=())
    assert bench.plant.reset(0).velocities == pytest.approx([0.1, -0.2])


@pytest.mark.parametrize('names, positions, velocities, reason', [
    (['cart', 'pole', 'pole'], [0.0] * 3, [0.0] * 3, "'pole' is there 2 times"),
    (NAMES, [0.0], [0.0, 0.0], '1 positions'), (NAMES, [0.0, 0.0], [0.0], '1 velocities'),
    (NAMES, [math.nan, 0.0], [0.0, 0.0], "'pole' is at"),
    (NAMES, [0.0, 0.0], [0.0, math.inf], "'cart' is at")])
def test_rubbish_is_refused_and_changes_nothing(bench, names, positions, velocities, reason):
    before = bench.plant.reset(0)
    bench.wait()
    with pytest.raises(RstdpError, match=reason):
        bench.plant.sense(bench.now, names, positions, velocities)
    assert bench.plant.reset(0) == before


def test_overtaken_messages_are_ignored_but_a_clock_may_be_set(bench):
    assert not bench.plant.sense(bench.now - 0.5, NAMES, [0.0, 9.0], [])
    assert not bench.plant.sense(bench.now, NAMES, [0.0, 9.0], [])
    assert bench.plant.sense(bench.now - 3600.0, NAMES, [math.pi, 0.02], [])
    assert bench.plant.reset(0).positions[0] == 0.02


def test_a_driver_without_a_clock_is_heard(bench):
    for x in (0.001, 0.002):
        bench.wait()
        assert bench.plant.sense(0.0, NAMES, [math.pi, x], [])
    assert bench.plant.reset(0).positions[0] == 0.002


def test_what_an_earlier_process_set_in_motion_is_stopped(bench):
    env = RealTime(bench.plant, 'boot', lambda: 0, PERIOD)
    env.enabled = False
    for _ in range(2 * ZEROS):
        env.poll(bench.wait())
    assert bench.commands == [0.0] * ZEROS
    env.set_enabled(False)
    assert bench.commands == [0.0] * (ZEROS + 1)


def test_zero_is_repeated_as_long_as_nothing_moves(bench):
    """A controller that comes back may have an old command in force."""
    env, first = started(bench)
    env.action('boot-1', first.stamp, 10.0, bench.wait())
    env.abort('somebody pulled the plug')
    del bench.commands[:]
    for _ in range(500):
        env.poll(bench.wait())
    assert len(bench.commands) >= ZEROS + 10.0 / REST_PERIOD - 4
    assert set(bench.commands) == {0.0}


def test_who_comes_anew_is_told_to_rest_at_once_but_not_in_motion(bench):
    env, first = started(bench)
    bench.plant.calm()
    assert bench.commands[-1] == 0.0 and bench.plant.resting
    env.action('boot-1', first.stamp, 10.0, bench.wait())
    assert not bench.plant.resting
    env.abort('fault')
    assert bench.plant.resting


@pytest.mark.fault('robot', 'motion starts again at once after an episode',
                   '19 of 66 pauses under 0.1 s')
@pytest.mark.parametrize('dwell, pause', [(0.5, 0.5), (2.0, 2.0), (0.0, 0.0)])
@pytest.mark.parametrize('ended', ['terminated', 'a fault', 'disabled'])
def test_motion_starts_again_only_after_a_dwell(cartpole, dwell, pause, ended, measured):
    bench = Bench(cartpole, dwell=dwell)
    bench.sense()
    env, first = started(bench)  # the first start does not wait
    env.action('boot-1', first.stamp, 10.0, bench.wait())
    fallen = {'theta': 0.3, 'velocities': (-15.0, 0.0)} if ended == 'terminated' else {}
    bench.sense(**fallen)
    env.poll(bench.now)
    if ended != 'terminated':
        env.abort(ended)
        env.set_enabled(True)
    ended_at = bench.now
    bench.wait()
    bench.sense(velocities=(15.0, 0.0) if fallen else (0.0, 0.0))  # a quick hand
    bench.wait(1e-3)
    bench.sense()
    while not env.running:
        try:
            env.reset(bench.now)
        except RstdpError as error:
            assert f'{dwell:g} s after the last motion' in str(error)
            bench.wait()
            bench.sense()
    assert pause <= bench.now - ended_at <= pause + 2 * PERIOD
    measured(f'{pause:g} s of rest in between')


def test_a_fault_of_the_surroundings_disables_also_between_episodes(bench):
    env = RealTime(bench.plant, 'boot', lambda: 0, PERIOD)
    assert env.halt('nobody listens') == [] and bench.commands == [0.0]
    with pytest.raises(RstdpError, match='disabled .nobody listens'):
        env.reset(bench.now)
    env.set_enabled(True)
    env.reset(bench.now)
    end, = env.halt('two drivers')
    assert end.message == 'aborted: two drivers' and not env.enabled


def test_says_what_it_waits_for(cartpole):
    bench = Bench(cartpole)
    with pytest.raises(RstdpError, match='no joint state yet'):
        bench.plant.reset(0)
    bench.sense(theta=0.4)
    with pytest.raises(RstdpError, match='position of cart_to_pole is 0.400; .* within 0.1'):
        bench.plant.reset(0)
    bench.wait(0.2)
    bench.sense(velocities=(0.0, 2.0))
    with pytest.raises(RstdpError, match='velocity of slider_to_cart is 2.000'):
        bench.plant.reset(0)
    bench.wait()
    bench.sense()
    bench.wait(0.2)
    with pytest.raises(RstdpError, match='no joint state for 0.20 s'):
        bench.plant.reset(0)
    assert bench.commands == []


def test_a_command_goes_out_at_once_and_again_every_cycle(bench):
    env, first = started(bench)
    env.action('boot-1', first.stamp, 10.0, bench.wait(0.002))
    assert bench.commands == [10.0]
    bench.wait(0.018)
    bench.sense()
    second, = env.poll(bench.now)
    assert bench.commands == [10.0, 10.0]
    env.action('boot-1', second.stamp, -10.0, bench.wait(0.002))
    assert bench.commands[-1] == -10.0


def test_a_fall_ends_the_episode_with_zeros(bench):
    env, first = started(bench)
    env.action('boot-1', first.stamp, 10.0, bench.wait())
    bench.sense(theta=0.3, velocities=(-15.0, 0.0))
    end, = env.poll(bench.now)
    assert end.message == 'terminated' and end.episode_return == 1.0
    for _ in range(2 * ZEROS):
        env.poll(bench.wait())
    zeros = bench.commands[bench.commands.index(0.0):]
    assert zeros == [0.0] * ZEROS and env.enabled


@pytest.mark.parametrize('sensed, answered, reason', [
    (False, True, 'no joint state for'), (True, False, 'no action within')])
def test_a_fault_stops_the_motor_until_a_person_enables_it(bench, sensed, answered, reason):
    env, observation = started(bench)
    for _ in range(20):
        if answered:
            env.action('boot-1', observation.stamp, 10.0, bench.now)
        bench.wait()
        if sensed:
            bench.sense(*bench.quiver())
        observation, = env.poll(bench.now)
        if not env.running:
            break
    assert reason in observation.message and observation.aborted
    assert bench.commands[-1] == 0.0 and not env.enabled
    bench.sense() if sensed else bench.plant.sense(bench.wait(), NAMES, [math.pi, 0.0], [])
    with pytest.raises(RstdpError, match=f'disabled .{reason}.*~/enable'):
        env.reset(bench.now)
    env.set_enabled(True)
    assert env.reset(bench.now) == []


def test_episodes_are_truncated_as_the_task_says(bench, cartpole):
    env, observation = started(bench)
    while env.running:
        env.action('boot-1', observation.stamp, 10.0, bench.wait())
        bench.sense(*bench.quiver())
        observation, = env.poll(bench.now)
    assert observation.message == 'truncated'
    assert observation.steps == cartpole.max_episode_steps == observation.episode_return


class Watched:
    """A watchdog that is polled as its node does it, in virtual time."""

    def __init__(self, timeout=0.1):
        self.now, self.watchdog = 0.0, CommandWatchdog(timeout, 0.0)

    def go_on(self, seconds, effort=None, pause=0.0):
        """Let time go on, with a command at every poll if any; return how many zeros were sent."""
        self.now += pause
        zeros = 0
        for _ in range(round(seconds / PERIOD)):
            self.now += PERIOD
            if effort is not None:
                self.watchdog.command(effort, self.now)
            zeros += self.watchdog.poll(self.now)
        return zeros


def test_the_watchdog_stops_an_effort_that_nobody_renews():
    watched = Watched()
    assert watched.go_on(1.0, effort=-10.0) == 0
    assert watched.go_on(0.08) == 0 and watched.watchdog.trips == 0
    assert watched.go_on(0.3) == ZEROS
    assert watched.watchdog.trips == 1


def test_the_watchdog_leaves_who_goes_on_or_stops_by_himself_alone():
    watched = Watched()
    assert watched.go_on(2.0, effort=10.0) + watched.go_on(0.1, effort=0.0) == 0
    assert watched.go_on(0.9) == 0 and watched.watchdog.trips == 0
    watched.watchdog.command(10.0, watched.now)
    assert 0 < watched.go_on(0.16) < ZEROS
    # Alive again: its efforts count, not the rest of the zeros.
    assert watched.go_on(0.2, effort=10.0) == 0


def test_the_watchdog_says_zero_where_nobody_says_anything():
    """A controller may have come back with an old command in force."""
    watched = Watched()
    assert watched.go_on(10.5) in (9, 10)  # also if there was no command at all
    watched.go_on(0.1, effort=10.0)
    assert watched.go_on(10.5) in (ZEROS + 9, ZEROS + 10)
    assert watched.go_on(10.0, effort=0.0) == 0  # an environment at rest says it by itself


@pytest.mark.parametrize('renewed', [True, False])
@pytest.mark.parametrize('timeout, pause', [(0.1, 3.0), (0.1, 0.11), (1.0, 60.0)])
def test_a_watchdog_that_was_stopped_itself_gives_the_commander_time(timeout, pause, renewed):
    watched = Watched(timeout)
    watched.go_on(0.5, effort=10.0)
    watched.watchdog.lost(watched.now + pause)  # to who wakes, all leases have run out
    effort = 10.0 if renewed else None
    assert watched.go_on(timeout - PERIOD, effort, pause) == 0
    zeros = watched.go_on((3 + ZEROS) * PERIOD, effort)
    assert zeros == (0 if renewed else ZEROS)


def test_a_watchdog_that_stumbles_on_and_on_still_stops_what_moves():
    watched = Watched()
    watched.watchdog.command(10.0, watched.now)
    assert sum(watched.go_on(PERIOD, pause=0.07) for _ in range(3)) == 1


def test_the_watchdog_stops_at_once_what_a_dead_commander_left():
    watched = Watched(timeout=1.0)
    watched.go_on(1.5, effort=10.0)
    watched.go_on(0.41)  # a lease takes a while to run out
    watched.watchdog.lost(watched.now)
    assert watched.go_on(ZEROS * PERIOD) == ZEROS


def test_the_watchdog_believes_commands_more_than_a_report_of_death():
    watched = Watched(timeout=1.0)
    watched.go_on(1.5, effort=10.0)
    for _ in range(3):
        watched.watchdog.lost(watched.now)
        assert watched.go_on(1.5, effort=10.0) == 0
    watched.watchdog.lost(watched.now)
    assert watched.go_on(0.39) == 0 and watched.go_on(0.03 + ZEROS * PERIOD) == ZEROS


STILL = StandInParameters(position_noise=0.0, velocity_noise=0.0, resolution=0.0)


def test_the_stand_in_is_held_until_the_first_command_and_set_up_again():
    robot = StandIn(CARTPOLE, CartPolePhysics(), STILL)
    first = robot.state
    robot.advance(2.0)
    assert robot.held and robot.state == first
    robot.command(10.0)
    robot.advance(3.0)
    assert abs(robot.state[2]) == math.pi / 2
    robot.command(0.0)
    robot.advance(4.0)
    assert robot.held and abs(robot.state[2]) < 0.05


@pytest.mark.parametrize('resistance', [{}, {'cart_damping': 2.0, 'pole_friction': 0.05}])
def test_the_stand_in_without_imperfections_obeys_the_equations(resistance):
    physics = CartPolePhysics(pole_half_length=0.8, **resistance)
    robot = StandIn(CARTPOLE, physics, STILL)
    robot.command(10.0)
    start = robot.state
    robot.advance(0.2)

    def slope(_, state):
        x_acc, theta_acc = accelerations(*state[1:], 10.0, physics.constants())
        return [state[1], x_acc, state[3], theta_acc]

    scipy_integrate = pytest.importorskip('scipy.integrate')
    exact = scipy_integrate.solve_ivp(slope, (0.0, robot.time), start, rtol=1e-10).y[:, -1]
    assert robot.state == pytest.approx(exact, abs=5e-3)


def test_the_stand_ins_motor_and_sensors_are_imperfect():
    physics = CartPolePhysics(dead_zone=1.0, actuator_delay=0.05, cart_position_factor=2.0,
                              pole_velocity_offset=0.3)
    robot = StandIn(CARTPOLE, physics, replace(STILL, resolution=0.01, loss=0.5))
    robot.command(math.nan)
    robot.command(0.9)
    robot.advance(0.04)
    assert robot.held
    robot.advance(0.1)
    assert not robot.held and robot.state[1] != 0.0 and abs(robot.state[1]) < 1e-3
    x, _, theta, theta_dot = robot.state
    positions, velocities = robot.read()
    assert positions == pytest.approx([0.01 * round(2.0 * x / 0.01), 0.01 * round(theta / 0.01)])
    assert velocities[1] == pytest.approx(theta_dot + 0.3)
    assert 300 < sum(robot.lost() for _ in range(1000)) < 700
