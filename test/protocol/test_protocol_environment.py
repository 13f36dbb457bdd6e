"""The environment's side of the protocol, rule by rule."""

import pytest

from rstdp_ros.protocol.episode import efforts_digest, EpisodeEnd
from rstdp_ros.protocol.lockstep import Lockstep, REFUSALS, RESEND_AFTER
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.plant import Outcome, Plant


class Countdown(Plant):
    """A plant whose episodes last a number of steps."""

    def __init__(self, steps=3):
        self.steps = steps

    def set_physics(self, physics):
        """Have none."""

    def reset(self, seed):
        """Start; the position is the seed."""
        self.left = self.steps
        return Joints((seed,), (0.0,))

    def step(self, effort):
        """Count down."""
        self.left -= 1
        return Outcome(Joints((self.left,), (0.0,)), 1.0, '' if self.left else 'terminated')


def environment(**options):
    """Return an environment on a plant of three steps."""
    return Lockstep(Countdown(), 'boot', lambda: 5, **options)


def test_lockstep_waits_for_the_action():
    env = environment()
    first, = env.reset(0.0)
    assert first.episode_id == 'boot-1'
    assert env.poll(0.1) == []
    second, = env.action('boot-1', first.stamp, 1.0, 0.1)
    assert second.stamp > first.stamp
    third, = env.action('boot-1', second.stamp, 1.0, 0.1)
    end, = env.action('boot-1', third.stamp, 1.0, 0.1)
    assert end == EpisodeEnd('boot-1', 'terminated', 0, 3, 3.0, efforts_digest([1.0] * 3))
    assert not env.running and env.poll(9.0) == []


def test_an_unanswered_observation_is_sent_again_unchanged():
    env = environment()
    first, = env.reset(0.0)
    again, = env.poll(RESEND_AFTER + 0.01)
    assert again is first
    second, = env.action('boot-1', first.stamp, 1.0, 0.3)
    # The answer to the copy comes late and must not move the plant.
    assert env.action('boot-1', first.stamp, 1.0, 0.3) == []
    assert env.counters['stale actions'] == 1
    assert env.poll(0.55) == [second]


def test_actions_that_pair_with_nothing_are_ignored():
    env = environment()
    assert env.action('boot-1', 5, 1.0, 0.0) == []
    first, = env.reset(0.0)
    for episode_id, stamp in (('boot-2', first.stamp), ('boot-1', first.stamp + 1), ('', 0)):
        assert env.action(episode_id, stamp, 1.0, 0.0) == []
    with pytest.raises(RstdpError, match='nan'):
        env.action('boot-1', first.stamp, float('nan'), 0.0)
    assert env.action('boot-1', first.stamp, 1.0, 0.0) != []


@pytest.mark.fault('tools', 'an action that is refused again and again',
                   'the graph stood still for ever and reported no fault')
@pytest.mark.parametrize('effort', [float('nan'), float('inf'), 8.0])
def test_an_action_that_is_refused_again_and_again_ends_the_episode(effort, measured):
    class Choosy(Countdown):
        def step(self, effort):
            if effort == 8.0:
                raise RstdpError('effort 8.0 is none of its own')
            return super().step(effort)

    env = Lockstep(Choosy(9), 'boot', lambda: 5)
    observation, = env.reset(0.0)
    for _ in range(3):  # now and then is no matter
        for _ in range(REFUSALS - 1):
            with pytest.raises(RstdpError):
                env.action('boot-1', observation.stamp, effort, 0.0)
        observation, = env.action('boot-1', observation.stamp, 1.0, 0.0)
    for _ in range(REFUSALS - 1):
        with pytest.raises(RstdpError):
            env.action('boot-1', observation.stamp, effort, 0.0)
    end, = env.action('boot-1', observation.stamp, effort, 0.0)
    assert end.aborted and 'answers to one observation were refused' in end.message
    assert end.steps == 4
    measured(f'aborted after {REFUSALS} refusals, with the reason')


def test_two_policies_that_disagree_abort_the_episode():
    env = environment()
    first, = env.reset(0.0)
    second, = env.action('boot-1', first.stamp, 1.0, 0.0)
    end, = env.action('boot-1', first.stamp, -1.0, 0.0)
    assert end.aborted and 'two policies' in end.message
    first, = env.reset(1.0)
    assert env.action('boot-1', second.stamp, -1.0, 1.0) == []  # of an episode that is over


def test_reset_and_disable_abort():
    env = environment()
    env.reset(0.0)
    end, first = env.reset(0.0)
    assert end.aborted and end.message == 'aborted: reset' and first.episode_id == 'boot-2'
    end, = env.set_enabled(False)
    assert end.message == 'aborted: disabled'
    with pytest.raises(RstdpError, match='enable'):
        env.reset(0.0)
    env.set_enabled(True)
    assert env.reset(0.0)


def test_pacing_holds_the_next_observation_back():
    env = environment(step_period=0.02)
    first, = env.reset(1.0)
    assert env.action('boot-1', first.stamp, 1.0, 1.001) == []
    assert env.poll(1.019) == []
    assert len(env.poll(1.0201)) == 1


@pytest.mark.parametrize('polled, steps', [(1.019, 1), (1.021, 2)])
def test_an_end_counts_what_was_published_alone(polled, steps):
    env = environment(step_period=0.02)
    first, = env.reset(1.0)
    env.action('boot-1', first.stamp, 1.0, 1.001)
    env.poll(polled)
    end, = env.abort('why')
    assert end.steps == steps
