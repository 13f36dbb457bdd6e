"""
Drivers with bad habits against the live nodes: what the checklist says, what is commanded.

Several robots at a time, each in a domain of its own with environment, policy and watchdog.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
import importlib.util
import math
import os
from queue import Queue
import re
from typing import Any, NamedTuple

from graphs import commands_in, demo_nodes, own_domain, probe, wait_for
from places import HELPERS
import pytest

from rstdp_ros.bringup.description import NodeDescription
from rstdp_ros.bringup.runner import Supervisor
from rstdp_ros.support.errors import RstdpError

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec('rclpy') is None, reason='ROS 2 is not installed'),
    # All habits are tried by the first test that runs: in one process, not once in each.
    pytest.mark.xdist_group('habits')]
ROBOTS = 3
# Commands that a robot plays without a break when it is understood, two per control period: a
# pole alone falls sooner.
STEPS = 150
NEVER = '(?!)'
# What a machine that is busy with others may cause: of any habit, and of one that is not late.
SLOW_START = 'no action within'
LATE = ('no joint state for', 's old by')
PATIENT = {'action_timeout': 0.5, 'dwell': 0.1}


class Driver(NodeDescription):
    """The stand-in with a habit, as a node of a graph under the name of the habit."""

    @property
    def module(self):
        """The module that runs it, found through PYTHONPATH."""
        return 'habits'


class Habit(NamedTuple):
    """
    A habit and what shall come of it.

    :param before: what an earlier version made of it.
    :param words: pattern of the refusal, or of why the robot was stopped.
    :param bound: largest number of commands other than zero until it was stopped.
    """

    name: str
    what: str
    before: str
    words: str = ''
    bound: int = 0
    environment: dict[str, Any] = {}
    driver: dict[str, Any] = {}


class Seen(NamedTuple):
    """What became of a habit: what was said at start, by enable, by stops, and commanded."""

    start: str
    enable: str
    stops: list[str]
    again: str
    efforts: list[float]


POLE = 'joints.cart_to_pole'
# Noise of a velocity in too small a unit is seen at rest.
QUIET = {'velocity_noise': 0.001}
PLAYS = [
    Habit('reversed_best_effort', 'joints in another order, best effort', 'plays'),
    Habit('task_order', "joints in the task's order", 'plays'),
    Habit('velocities_nan', 'velocities NaN', 'refused, "their stamps do not rise"'),
    Habit('pole_full_circle', 'pole on a 0..2 pi encoder',
          'enabled; no episode begins, or each ends after a few steps'),
    Habit('pole_zero_at_pi', 'pole on a +-pi encoder, zero at pi',
          'an episode ends after 36 commands, then none begins',
          environment={f'{POLE}.zero': math.pi}),
    Habit('pole_whole_turns', 'pole within +-2 pi, as Isaac counts', 'enabled; no episode begins'),
    Habit('pole_glitches', 'glitches of a whole turn', 'some end an episode'),
    Habit('one_message_per_joint', 'one message per joint',
          'refused, "call a joint by the name it has"'),
    Habit('gripper_too', "a gripper's messages too", 'refused or enabled as luck has it'),
    Habit('no_stamp', 'no stamps', 'plays'),
    Habit('twice', 'every message twice', 'plays'),
    Habit('overtaking', 'messages that overtake each other', 'plays'),
    Habit('clock_that_jumps', "the driver's clock set back by an hour in mid-motion", 'plays'),
    Habit('now_and_then_nan', 'a position NaN now and then', 'plays'),
]
REFUSED = [
    Habit('nan', 'a position NaN', 'refused, "their stamps do not rise"', 'of no use'),
    Habit('slow', '20 Hz', 'refused', r'come at \d+ Hz for', driver={'rate': 20.0}),
    Habit('late', '200 ms late', 'played: 386 commands', 'old by their stamps'),
    Habit('whole_seconds', 'stamps in whole seconds',
          'enabled; stopped after 9 commands, no joint state', 'whole seconds'),
    Habit('mixed_with_a_fallen_one', 'two robots in one stream', 'played: 271 commands',
          'jumped by'),
    Habit('velocities_constant', 'velocities constant', 'played: 478 commands',
          'never changes|opposite sign', 60),
    Habit('pole_in_degrees', 'the pole in degrees', 'enabled; no episode begins', 'jumped by',
          60),
    Habit('other_name', 'a joint of another name', 'refused', "should be called 'pivot'",
          environment={f'{POLE}.name': 'pivot'}),
]
STOPPED = [
    Habit('frozen', 'frozen sensors', 'played: 157 commands', 'exactly the same', 30),
    Habit('stuck_encoder', 'a stuck encoder', 'played: 161 commands',
          'stays at exactly|a stuck encoder', 80),
    Habit('velocities_zero', 'velocities zero', 'played: 400 commands', 'stays near zero', 200),
    Habit('velocities_degrees', 'velocities in degrees per second', 'played: 242 commands',
          'degrees per second', 200, driver=QUIET),
    Habit('velocities_rpm', 'velocities in rpm', 'played: 171 commands', 'rpm', 200, driver=QUIET),
    Habit('velocities_opposite', 'velocities with the wrong sign', 'played: 554 commands',
          'opposite sign|moves against its efforts', 200),
    Habit('mixed_with_one_at_zero', 'another driver that says zero, in one stream',
          'played: 166 commands', 'jumped by|velocity of', 200),
    Habit('silent_after_a_second', 'silent after a second of motion', 'stopped after 111 commands',
          'no joint state for|s old by', 200),
]
AT_START = [
    Habit('no_scale', 'scale 0', 'played: 622 commands', 'cart_to_pole.scale is 0',
          environment={f'{POLE}.scale': 0.0}),
    Habit('no_effort_scale', 'effort_scale 0', 'enabled; nothing moves, without a word',
          'effort_scale is 0', environment={'effort_scale': 0.0}),
    Habit('one_name', 'one name for two joints', 'played: 380 commands', 'the name of two joints',
          environment={f'{POLE}.name': 'slider_to_cart'}),
]


def marked(habits):
    """Return a decorator that gives a test these habits, each a line of the table."""
    return pytest.mark.parametrize('habit', [pytest.param(
        habit, id=habit.name, marks=pytest.mark.fault('habits', habit.what, habit.before))
        for habit in habits])


@pytest.fixture(scope='module')
def graph(request, tmp_path_factory):
    """Try all habits that are asked for, several at a time; return a function that tells."""
    wanted = [item.callspec.params['habit'] for item in request.session.items
              if item.path == request.path]
    lanes = Queue()

    def one(habit):
        room = lanes.get()
        try:
            return try_out(habit, room.folder / habit.name, room.environment)
        finally:
            lanes.put(room)

    with ExitStack() as rooms, ThreadPoolExecutor(ROBOTS) as pool:
        for i in range(min(ROBOTS, len(wanted))):
            lanes.put(rooms.enter_context(lane(tmp_path_factory.mktemp(f'lane{i}'))))
        seen = {habit.name: pool.submit(one, habit) for habit in wanted}
        yield lambda habit: seen[habit.name].result()


def nodes(folder, **environment):
    """Return environment, policy and watchdog."""
    first, policy, watchdog = demo_nodes(folder, 1, plant='robot', adapt=False,
                                         pole_half_length=0.5, pole_mass=0.1)
    watchdog.parameters['command_timeout'] = PATIENT['action_timeout']
    first.parameters.update(PATIENT, **environment)
    return first, policy, watchdog


def lane(folder):
    """Return policy and watchdog in a domain of their own."""
    path = os.pathsep.join(filter(None, (str(HELPERS),
                                         os.environ.get('PYTHONPATH'))))
    return Supervisor(nodes(folder)[1:], folder,
                      environment={**own_domain(), 'PYTHONPATH': path})


def try_out(habit, folder, environment):
    """Let a robot with a habit play; return what was seen."""
    record = folder / 'commands'
    driver = Driver(habit.name, {'record': str(record), 'set_up_after': 0.2, **habit.driver})
    first = nodes(folder, **habit.environment)[0]
    start, said = '', ('', [], '')
    with Supervisor([first, driver], folder, environment=environment) as graph:
        if habit in AT_START:
            with pytest.raises(RstdpError) as error:
                wait_for(lambda: False, graph)
            start = str(error.value)
        else:
            wait_for(record.exists, graph)
            said = probe('try_out', habit.words or NEVER, excuse(habit),
                         str(record), STEPS, environment=environment)
            wait_for(lambda: [effort for _, effort in commands_in(record)[-1:]] == [0.0], graph)
    return Seen(start, *said, [effort for _, effort in commands_in(record)])


def excuse(habit):
    """Return the pattern of aborts that are the machine's fault."""
    late = any(re.search(habit.words or NEVER, words) for words in LATE)
    return SLOW_START if late else '|'.join((SLOW_START, *LATE))


def rested(seen):
    """Say whether zero was commanded, and nothing after it."""
    return not seen.efforts or seen.efforts[-1] == 0.0


def commanded(seen):
    """Count commands that are not zero."""
    return sum(map(bool, seen.efforts))


def told(text):
    """Shorten what was said for the table."""
    return re.sub(r'^(not enabled|aborted): ', '', text).split(';')[0].split(' (')[0]


@marked(PLAYS)
def test_habits_that_are_none_play(graph, habit, measured):
    seen = graph(habit)
    efforts = ''.join('1' if effort else '0' for effort in seen.efforts)
    assert seen.enable == 'enabled' and not seen.stops, seen
    assert '1' * STEPS in efforts and rested(seen), seen
    measured('checklist ok; plays')


@marked(REFUSED)
def test_habits_that_the_checklist_names_are_refused(graph, habit, measured):
    seen = graph(habit)
    # A robot enabled before there is enough evidence is stopped.
    said = seen.stops[0] if seen.enable == 'enabled' and habit.bound else seen.enable
    assert re.search(habit.words, said) and re.search(habit.words, seen.again), seen
    assert commanded(seen) <= habit.bound and rested(seen), seen
    measured(f'checklist "{told(said)}"; {commanded(seen) or "no"} commands')


@marked(STOPPED)
def test_habits_that_show_in_motion_stop_it(graph, habit, measured):
    seen = graph(habit)
    assert seen.enable == 'enabled' and re.search(habit.words, seen.stops[0]), seen
    assert 0 < commanded(seen) <= habit.bound and rested(seen), seen
    after = f'refused "{told(seen.again)}"' if seen.again != 'enabled' else 'allowed again'
    measured(f'checklist ok at rest; stopped after {commanded(seen)} commands '
             f'("{told(seen.stops[0])}"); then {after}')


@marked(AT_START)
def test_wiring_that_cannot_be_does_not_start(graph, habit, measured):
    seen = graph(habit)
    assert re.search(habit.words, seen.start) and not any(seen.efforts), seen
    measured('refused at start; no commands')
