"""Real time and limits: what is applied when, and what stops the plant."""

import math

from hypothesis import given, settings, strategies
import pytest

from rstdp_ros.protocol.episode import efforts_digest, EpisodeEnd, Observation
from rstdp_ros.protocol.limits import Limits
from rstdp_ros.protocol.realtime import RealTime
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.plant import Outcome, Plant

PERIOD = 0.02
NAN, INF = math.nan, math.inf


class Recorder(Plant):
    """A plant that remembers every effort and lasts a number of steps."""

    def __init__(self, steps=1000):
        self.efforts, self.steps = [], steps

    def set_physics(self, physics):
        """Have none."""

    def reset(self, seed):
        """Start."""
        self.efforts = []
        return Joints((float(seed),), (0.0,))

    def step(self, effort):
        """Count."""
        self.efforts.append(effort)
        return Outcome(Joints((0.0,), (float(len(self.efforts)),)), 1.0,
                       'terminated' if len(self.efforts) == self.steps else '')


class Exerting(Recorder):
    """A plant that feels an effort at once."""

    def __init__(self):
        super().__init__()
        self.exerted = []

    def apply(self, effort):
        """Remember it."""
        self.exerted.append(effort)

    def step(self, effort):
        """Remember it."""
        self.apply(effort)
        return super().step(effort)


def started(plant=None, **options):
    """Return an environment whose first observation went out at time 0, and that observation."""
    env = RealTime(plant or Recorder(), 'boot', lambda: 0, PERIOD, **options)
    assert env.reset(0.0) == []
    return env, *env.poll(0.0)


def test_an_action_is_held_until_the_next_one_comes():
    env, first = started()
    assert env.action('boot-1', first.stamp, 1.0, 0.001) == []
    second, = env.poll(0.02)
    third, = env.poll(0.04)
    assert first.stamp < second.stamp < third.stamp
    env.action('boot-1', third.stamp, -1.0, 0.041)
    env.poll(0.06)
    assert env.plant.efforts == [1.0, 1.0, -1.0]
    assert list(env.latencies) == pytest.approx([0.001, 0.001])
    assert env.counters['observations not answered in time'] == 1


def test_nothing_is_applied_before_the_first_action():
    env, first = started()
    env.poll(0.02)
    env.action('boot-1', first.stamp, 1.0, 0.03)
    env.poll(0.04)
    assert env.plant.efforts == [0.0, 1.0]


class Waiting(Recorder):
    """A plant for which time stands still between two steps, and which takes no zero."""

    waits = True

    def step(self, effort):
        """Refuse what a simulated cart-pole refuses."""
        if abs(effort) != 1.0:
            raise RstdpError(f'effort {effort} is none of its own')
        return super().step(effort)


@pytest.mark.fault('robot', 'in real time a simulated cart-pole whose first answer takes longer '
                   'than a period', 'aborted at the second cycle')
@pytest.mark.parametrize('late', [0.025, 0.09, 0.15, 0.9])
def test_a_simulated_episode_begins_when_the_first_answer_is_there(late, measured):
    env, first = started(Waiting(), action_timeout=0.1)
    cycle = 0
    while cycle * PERIOD < late:
        cycle += 1
        assert env.poll(cycle * PERIOD) == [first]
    env.action('boot-1', first.stamp, 1.0, late)
    for _ in range(3):
        cycle += 1
        observation, = env.poll(cycle * PERIOD)
        env.action('boot-1', observation.stamp, -1.0, cycle * PERIOD + 0.001)
    assert env.plant.efforts == [1.0, -1.0, -1.0]
    assert env.abort('over')[0].steps == 4  # waiting was no step
    measured('it begins with that answer')


def test_a_simulated_plant_does_not_wait_for_ever():
    env, first = started(Waiting())
    outputs = [env.poll(cycle * PERIOD)[0] for cycle in range(1, 60) if env.running]
    assert set(outputs[:-1]) == {first} and 'no action within 1 s' in outputs[-1].message


def test_limits_that_a_simulation_cannot_keep_are_refused_at_the_start():
    plant = Recorder()
    plant.efforts = (-10.0, 10.0)
    for limits in (Limits(effort_limit=8.0), Limits(effort_step=15.0)):
        env = RealTime(plant, 'boot', lambda: 0, PERIOD, limits)
        with pytest.raises(RstdpError, match='effort_limit'):
            env.reset(0.0)
    RealTime(plant, 'boot', lambda: 0, PERIOD, Limits(10.0, 20.0)).reset(0.0)


def test_old_repeated_and_foreign_actions_are_ignored():
    env, first = started()
    second, = env.poll(0.02)
    env.action('boot-1', second.stamp, 1.0, 0.021)
    for episode_id, stamp, effort in (
            ('boot-1', first.stamp, -1.0), ('boot-1', second.stamp, 1.0),
            ('boot-1', second.stamp, NAN), ('boot-2', second.stamp, -1.0),
            ('boot-1', second.stamp + 1, -1.0), ('boot-1', -1, -1.0)):
        assert env.action(episode_id, stamp, effort, 0.022) == []
    third, = env.poll(0.04)
    for effort in (NAN, INF, -INF):
        with pytest.raises(RstdpError, match='refused'):
            env.action('boot-1', third.stamp, effort, 0.041)
    env.poll(0.06)
    assert env.plant.efforts == [0.0, 1.0, 1.0]
    assert env.counters['actions overtaken or repeated'] == 3
    assert env.counters['stale actions'] == 3


def test_two_policies_that_disagree_abort_the_episode():
    env, first = started()
    env.action('boot-1', first.stamp, 1.0, 0.001)
    end, = env.action('boot-1', first.stamp, -1.0, 0.002)
    assert end.aborted and 'two policies' in end.message and not env.running


def test_when_the_cycles_stop_the_plant_is_stopped():
    now = [0.0]
    env = RealTime(Recorder(), 'boot', lambda: 0, PERIOD, cycle_clock=lambda: now[0])
    env.reset(50.0)
    env.poll(50.0)
    now[0] = 0.02
    env.poll(50.09)  # simulated time at a fifth of real time
    assert env.counters['cycles'] == 1 and env.counters['late cycles'] == 0
    assert env.watch(50.15) == []
    end, = env.watch(50.25)
    assert 'no control cycle within 0.1 s' in end.message
    assert env.watch(50.4) == []


def test_without_actions_the_episode_is_aborted():
    env, first = started(action_timeout=0.1)
    env.action('boot-1', first.stamp, 1.0, 0.001)
    outputs, cycle = [], 0
    while not outputs or isinstance(outputs[-1], Observation):
        cycle += 1
        outputs += env.poll(cycle * PERIOD)
    end = outputs[-1]
    assert end.aborted and 'no action within 0.1 s' in end.message
    assert cycle * PERIOD <= 0.1 + 2 * PERIOD and not env.running
    assert set(env.plant.efforts) == {1.0}
    assert env.poll(1.0) == []


def test_answers_that_come_too_late_do_not_count_as_fresh():
    """Each observation is answered, but later than any action may be old."""
    env, first = started(action_timeout=0.1)
    open_observations, now, outputs = [(0.0, first)], 0.0, []
    while env.running:
        now += PERIOD
        if open_observations and now - open_observations[0][0] > 0.15:
            env.action('boot-1', open_observations.pop(0)[1].stamp, 1.0, now)
        outputs = env.poll(now)
        open_observations += [(now, o) for o in outputs if isinstance(o, Observation)]
    assert isinstance(outputs[-1], EpisodeEnd) and now < 0.2
    assert env.plant.efforts and set(env.plant.efforts) == {0.0}


def test_an_action_for_an_old_observation_is_never_applied():
    env, first = started()
    assert env.action('boot-1', first.stamp, 1.0, 2.0) == []  # nothing moved in between
    assert env.counters['stale actions'] == 1
    end, = env.poll(2.0)
    assert end.aborted and env.plant.efforts == []


def test_late_answers_in_one_cycle_do_not_add_up_beyond_the_slew_limit():
    plant = Exerting()
    env, first = started(plant, limits=Limits(effort_step=8.0))
    second, = env.poll(0.02)
    env.action('boot-1', first.stamp, 10.0, 0.021)
    env.action('boot-1', second.stamp, -10.0, 0.022)
    env.poll(0.04)
    assert plant.exerted == [0.0, 8.0, 0.0, -8.0]


def test_an_episode_ends_as_in_lockstep():
    env, observation = started(Recorder(steps=3))
    for cycle in (1, 2, 3):
        env.action('boot-1', observation.stamp, 1.0, cycle * PERIOD - 0.01)
        output, = env.poll(cycle * PERIOD)
        observation = output
    assert output == EpisodeEnd('boot-1', 'terminated', 0, 3, 3.0, efforts_digest([1.0] * 3))


def test_late_and_missed_cycles_are_counted():
    env, _ = started()
    for now in (0.02, 0.0401, 0.065, 0.125):
        env.poll(now)
    assert (env.counters['cycles'], env.counters['late cycles'],
            env.counters['missed cycles']) == (4, 2, 2)


def test_a_time_out_shorter_than_two_periods_is_refused():
    with pytest.raises(RstdpError, match='two control periods'):
        RealTime(Recorder(), 'boot', lambda: 0, PERIOD, action_timeout=0.03)


def test_reset_starts_from_zero_effort_and_aborts():
    env, first = started()
    env.action('boot-1', first.stamp, 1.0, 0.001)
    env.poll(0.02)
    end, = env.reset(0.03)
    assert end.message == 'aborted: reset'
    env.poll(0.04)
    env.poll(0.06)
    assert env.plant.efforts == [0.0]


def test_limits_bound_every_effort():
    limits = Limits(effort_limit=2.0, effort_step=1.5)
    assert limits.effort(10.0, 0.0) == 1.5
    assert limits.effort(10.0, 1.5) == 2.0
    assert limits.effort(-10.0, 2.0) == 0.5
    assert Limits().effort(-10.0, 10.0) == -10.0


@settings(max_examples=200, deadline=None)
@given(strategies.lists(strategies.floats(), min_size=1), strategies.floats(0, 5),
       strategies.floats(0, 5))
def test_no_action_gets_past_the_limits(efforts, limit, step):
    env, observation = started(limits=Limits(limit, step), action_timeout=1.0)
    for cycle, effort in enumerate(efforts, 1):
        try:
            env.action('boot-1', observation.stamp, effort, cycle * PERIOD)
        except RstdpError:
            assert not math.isfinite(effort)
        observation, = env.poll(cycle * PERIOD)
    applied = [0.0, *env.plant.efforts]
    assert all(abs(e) <= limit for e in applied)
    assert all(abs(b - a) <= step * (1 + 1e-12) for a, b in zip(applied, applied[1:]))


@pytest.mark.parametrize('joints, reason', [
    (Joints((1.1, 0.0), (0.0, 0.0)), 'position of a, 1.1, exceeds its limit 1'),
    (Joints((0.0, 0.0), (0.0, -3.0)), 'velocity of b, -3, exceeds its limit 2'),
    (Joints((NAN, 0.0), (0.0, 0.0)), 'position of a, nan'),
    (Joints((0.0, 9.0), (9.0, 0.0)), '')])
def test_joints_beyond_their_limits_are_named(joints, reason):
    limits = Limits(joints=('a', 'b'), positions=(1.0, INF), velocities=(INF, 2.0))
    assert reason in limits.excess(joints) and bool(reason) == bool(limits.excess(joints))


def test_a_joint_beyond_its_limit_aborts_the_episode():
    env, _ = started(limits=Limits(joints=('a',), velocities=(2.5,)), action_timeout=1.0)
    outputs = [env.poll(cycle * PERIOD)[-1] for cycle in (1, 2, 3)]
    assert outputs[-1].aborted and 'velocity of a, 3, exceeds its limit 2.5' in outputs[-1].message
