"""Faults of an environment, and the rules that they break."""

from collections import deque
import math

from examined import PERIOD, SelfPaced, Sound, SoundInRealTime

from rstdp_ros.protocol.conformance import Rule
from rstdp_ros.protocol.conformance.events import Act
from rstdp_ros.tasks.interface import Joints

LETTERS = str.maketrans('0123456789', 'abcdefghij')


class Fault:
    """
    A fault of an environment.

    :param breaks: the rule that it breaks.
    :param also: further rules that cannot be kept then.
    :param base: the environment without the fault.
    :param changes: of its attributes and methods.
    """

    def __init__(self, breaks, also=(), base=Sound, **changes):
        self.breaks, self.also = breaks, set(also)
        self.environment = type('Faulty', (base,), changes)


def renamed(rename):
    """Return the edits that give each episode another name everywhere."""
    def act(env, act):
        name = env.protocol.episode_id
        return act._replace(episode_id=name) if act.episode_id == rename(name) else None

    def reply(env, reply):
        return reply._replace(value=rename(reply.value) if reply.value else reply.value)

    def message(env, message):
        return message._replace(episode_id=rename(message.episode_id))

    return {'edit_act': act, 'edit_reply': reply, 'edit_observation': message, 'edit_end': message}


class Tardy(Sound):
    """Replies after 2.5 s."""

    def prepare(self):
        """Make a list for late replies."""
        self.late = deque()

    def edit_reply(self, message):
        """Keep it for later."""
        self.late.append((self.now + 2.5, message))

    def cycle(self):
        """Send late replies."""
        super().cycle()
        while self.late and self.late[0][0] <= self.now:
            self.inbox.append(('reply', self.late.popleft()[1]))


class Impatient(Sound):
    """Continues by itself if an observation is not answered soon, though it claims lockstep."""

    parameters = {'clock': 'lockstep'}

    def cycle(self):
        """Answer observations itself, except the first."""
        if self.protocol.running and self.protocol._steps > 1:
            self.act(Act(self.protocol.episode_id, self.protocol._last_stamp,
                         self.task.robot.actuated_joint, 10.0))
        super().cycle()


class Jittery(SoundInRealTime):
    """Sends two at once and then pauses."""

    def cycle(self):
        """Do two cycles' work in every second cycle."""
        if round(self.now / PERIOD) % 2:
            super().cycle()
            super().cycle()


class GoesOnAlone(SoundInRealTime):
    """Has an almost endless time-out, a pole that does not fall, and a weak motor."""

    action_timeout = 60.0

    def prepare(self):
        """Remove gravity, and nearly all force."""
        self.plant.set_physics(self.task.make_physics({'gravity': 0.0, 'force_magnitude': 0.01}))


class TalksAfterTheEnd(Sound):
    """Sends the last observation again half a second after the end."""

    def edit_observation(self, message):
        """Remember it."""
        self.last = message
        return message

    def edit_end(self, message):
        """Remember its time."""
        self.again_at = self.now + 0.5
        return message

    def cycle(self):
        """Send it again."""
        super().cycle()
        if not self.protocol.running and self.now >= getattr(self, 'again_at', math.inf):
            self.inbox.append(('observation', self.last))


class StartsAnywhere(Sound):
    """Starts from other states than those of the requested seed."""

    def reset(self, token):
        """Take another start every time."""
        wanted, self.protocol.seed = self.protocol.seed, self.protocol._episodes
        super().reset(token)
        self.protocol.seed = self.protocol._episode_seed = wanted


def unreadable(rule, reason):
    """Return an edit that sends something unreadable instead."""
    def edit(env, message):
        env.inbox.append(('unreadable', rule, reason))

    return edit


def second(env, message):
    """Send the same under another id first, and then the real one."""
    env.inbox.append(('observation', message._replace(episode_id='second-1')))
    return message


def once(env, message):
    """Send nothing twice."""
    before, env.state['stamp'] = env.state.get('stamp'), message.stamp
    return message if message.stamp != before else None


def measured_anew(env, message):
    """Change a position slightly with every message."""
    env.state['sent'] = env.state.get('sent', 0) + 1
    return message._replace(joints=Joints((1e-6 * env.state['sent'], 0.0), (0.0, 0.0)))


def finite(env, act):
    """Take an effort that is not finite for a push."""
    return act if math.isfinite(act.effort) else act._replace(effort=10.0)


def any_stamp(env, act):
    """Take an invalid stamp for the open one."""
    return act._replace(stamp=min(act.stamp, env.protocol._last_stamp))


def old_stamp(env, act):
    """Take an old stamp for the open one."""
    last = env.protocol._last_stamp
    return act._replace(stamp=last) if 0 < last - act.stamp < 10 ** 9 else act


def any_joint(env, act):
    """Take every joint for the actuated one."""
    return act._replace(joint=env.task.robot.actuated_joint)


def any_episode(env, act):
    """Take every episode for the running one."""
    return act._replace(episode_id=env.protocol.episode_id)


FAULTS = {
    'late replies': Fault(Rule.RESET, [Rule.SEED], Tardy),
    'an id without a number': Fault(
        Rule.ID_FORM, **renamed(lambda name: name.replace('-', '').translate(LETTERS))),
    'one id for all': Fault(Rule.ID_FRESH, **renamed(lambda name: 'boot-1')),
    'one id for all, by itself': Fault(
        Rule.ID_FRESH, [Rule.QUIET], SelfPaced,
        **{**renamed(lambda name: 'boot-1'), 'edit_reply': lambda env, message: None}),
    'another id in observations': Fault(
        Rule.ID_CARRIED, edit_observation=lambda env, m: m._replace(episode_id='other-1')),
    'two at once': Fault(Rule.ID_CARRIED, edit_observation=second),
    'a velocity of NaN': Fault(
        Rule.JOINTS, edit_observation=lambda env, m: m._replace(
            joints=Joints(m.joints.positions, (math.nan, 0.0)))),
    'a joint is missing': Fault(
        Rule.JOINTS, [Rule.GOES_ON], edit_observation=unreadable(Rule.JOINTS, 'no joint')),
    'falling stamps': Fault(
        Rule.STAMPS, edit_observation=lambda env, m: m._replace(stamp=-m.stamp),
        edit_act=lambda env, act: act._replace(stamp=-act.stamp)),
    'falls silent': Fault(
        Rule.GOES_ON, edit_observation=lambda env, m: m if env.protocol._steps < 10 else None),
    'goes deaf': Fault(
        Rule.GOES_ON, edit_act=lambda env, act: act if env.protocol._steps < 10 else None),
    'aborts always': Fault(
        Rule.GOES_ON, edit_end=lambda env, end: end._replace(message='aborted: no reason')),
    'truncates too late': Fault(
        Rule.LENGTH, prepare=lambda env: setattr(env.plant.env, '_max_episode_steps', 300)),
    'goes on unanswered': Fault(Rule.ONE_OPEN, base=Impatient),
    'sends once': Fault(Rule.RESEND, edit_observation=once),
    'sends again something else': Fault(
        Rule.RESEND, [Rule.SAME_START], edit_observation=measured_anew),
    'an unsteady rate': Fault(Rule.STEADY, base=Jittery),
    'waits in real time': Fault(
        Rule.STEADY, [Rule.SILENCE], parameters={'clock': 'realtime'}),
    'no time-out': Fault(Rule.SILENCE, base=GoesOnAlone),
    'takes any joint': Fault(Rule.OTHER_JOINT, edit_act=any_joint),
    'takes any joint in real time': Fault(
        Rule.OTHER_JOINT, base=SoundInRealTime, edit_act=any_joint),
    'takes NaN': Fault(Rule.FINITE, edit_act=finite),
    'takes NaN in real time': Fault(Rule.FINITE, base=SoundInRealTime, edit_act=finite),
    'takes any stamp': Fault(Rule.PAIRING, edit_act=any_stamp),
    'takes any stamp in real time': Fault(
        Rule.PAIRING, base=SoundInRealTime, edit_act=any_stamp),
    'takes any episode': Fault(Rule.PAIRING, edit_act=any_episode),
    'takes an action twice': Fault(Rule.REPEAT, edit_act=old_stamp),
    'takes an action twice in real time': Fault(
        Rule.REPEAT, base=SoundInRealTime, edit_act=old_stamp),
    'efforts that nobody answered': Fault(
        Rule.EFFORTS, edit_end=lambda env, end: end._replace(efforts='0' * 16)),
    'an end without a seed': Fault(
        Rule.END, [Rule.ABORT], edit_end=unreadable(Rule.END, "episode_end without 'seed'")),
    'another id in ends': Fault(
        Rule.END, edit_end=lambda env, end: end._replace(episode_id='episode-1')),
    'one step too many': Fault(
        Rule.STEPS, edit_end=lambda env, end: end._replace(steps=end.steps + 1)),
    'one step too few': Fault(
        Rule.STEPS, edit_end=lambda env, end: end._replace(steps=end.steps - 1)),
    'goes on after the end': Fault(Rule.QUIET, base=TalksAfterTheEnd),
    'another reward': Fault(Rule.REWARD, edit_reward=lambda env, value: value + 1.0),
    'no seed': Fault(Rule.SEED, edit_reply=lambda env, reply: (
        reply if reply.value else reply._replace(refusal='parameter seed is not declared'))),
    'another seed in ends': Fault(
        Rule.SEED_KEPT, edit_end=lambda env, end: end._replace(seed=end.seed + 1)),
    'starts anywhere': Fault(Rule.SAME_START, base=StartsAnywhere),
    'says nothing of a broken-off episode': Fault(
        Rule.ABORT, edit_end=lambda env, end: None if end.aborted else end),
    'truncates a broken-off episode': Fault(
        Rule.ABORT, edit_end=lambda env, end: end._replace(
            message=end.message.replace('aborted: reset', 'truncated'))),
}
