"""Examines an environment: takes the place of policy and adaptation and tries every rule."""

from __future__ import annotations

from functools import partial

from rstdp_ros.protocol.adaptation import SERVICE_TIMEOUT
from rstdp_ros.protocol.conformance.dialogue import TRIES
from rstdp_ros.protocol.conformance.events import (
    AskParameters,
    Event,
    Output,
    Reply,
    Script,
    Stalled,
    Unreadable,
)
from rstdp_ros.protocol.conformance.rules import Rule
from rstdp_ros.protocol.conformance.trials import HOLD, Trials
from rstdp_ros.protocol.episode import EpisodeEnd, LOCKSTEP, Observation, REALTIME
from rstdp_ros.protocol.outputs import Reset
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.support.seeds import ADAPTATION

# How long to listen at the end for messages that should not come any more, s.
LINGER = 1.0
IN_LOCKSTEP, IN_REAL_TIME = 'it runs in lockstep', 'it runs in real time'
OWN_START = 'an episode starts where the robot is'
NO_SEED = 'the seed cannot be set'
BY_ITSELF = 'no reset service replied: it paces itself'
# The parameter that says what is controlled, and its earlier name.
PLANT = ('plant', 'backend')


class Examination(Trials):
    """
    Requests episodes, answers correctly, provokes, and judges.

    Times are steady, in seconds. Every method returns the outputs to carry out.

    :param policy: answers observations.
    :param episodes: the number of whole ones to play.
    :param patience: s, how long to wait for an environment to appear or to be ready.
    :ivar done: whether the verdicts are final.
    :ivar found: whether there is an environment at all.
    :ivar objection: why the environment begins no episode, '' if it does.
    """

    def __init__(self, policy: PolicyProtocol, episodes: int = 3,
                 patience: float = 10.0) -> None:
        super().__init__(policy, patience)
        self.episodes = episodes
        self.done = self.found = False
        self.objection = ''
        self._script = self._examine()
        self._started = False

    @property
    def clock(self) -> str:
        """The clock that the environment follows, as far as known."""
        return {True: LOCKSTEP, False: REALTIME, None: 'unknown'}[self.witness.lockstep]

    @property
    def paced_by(self) -> str:
        """Who decides when an episode begins: adaptation, by resets, or the environment."""
        return 'adaptation' if self.paced else 'environment'

    def observation(self, observation: Observation, now: float) -> list[Output]:
        """Receive an observation whose joints could be read."""
        self.found = True
        usable = self.witness.observation(observation, now)
        return self._feed(observation if usable else None, now)

    def end(self, end: EpisodeEnd, now: float) -> list[Output]:
        """Receive the end of an episode."""
        self.found = True
        self.witness.end(end, now)
        return self._feed(end, now)

    def unreadable(self, rule: Rule, reason: str, now: float) -> list[Output]:
        """
        Receive an observation or an episode_end that could not be read.

        :param rule: the one that it broke.
        """
        self.found = True
        self.report.judge(rule, False, reason)
        return self._feed(Unreadable() if rule is Rule.END else None, now)

    def reward(self, value: float, now: float) -> list[Output]:
        """Receive an episode's return."""
        self.witness.reward(value)
        return self._feed(None, now)

    def reply(self, reply: Reply, now: float) -> list[Output]:
        """Receive a service's reply."""
        self.found = True
        return self._feed(reply, now)

    def offered(self, topic: str, reliable: bool) -> None:
        """Note the reliability with which a topic is offered."""
        self.report.judge(Rule.QOS, reliable, '' if reliable else f'{topic} is best-effort')

    def poll(self, now: float) -> list[Output]:
        """Begin, and process time-outs."""
        return self._feed(None, now)

    def _feed(self, event: Event | None, now: float) -> list[Output]:
        self.now = now
        try:
            if not self._started:
                self._started = True
                next(self._script)  # to its first wait: only then can it receive events
            if not self.done:
                self._script.send(event)
        except StopIteration:
            self.done = True
        outputs, self._outputs = self._outputs, []
        return outputs

    def _examine(self) -> Script[None]:
        why = ''
        try:
            yield from self._find()
            yield from self._try_everything()
        except Stalled as stalled:
            why = str(stalled)
            if not self.report.broken and not self.report.judged(Rule.ID_FRESH):
                self.objection = why
        self._conclude(why)

    def _find(self) -> Script[None]:
        """Wait for an environment, and play any running episode, which is not judged."""
        self.doing = 'looking for an environment'
        deadline, asked = self.now + self.patience, 0
        while True:
            self._token += 1
            self._outputs.append(Reset(self._token))
            asked += 1
            # A late reply counts too. An environment that never replies, yet is heard, paces
            # itself.
            reply = yield from self._wait(min(SERVICE_TIMEOUT, self.patience),
                                          lambda e: isinstance(e, Reply))
            late = self.now >= deadline
            if reply is not None or self.found and (asked >= TRIES or late):
                break
            if late:
                raise Stalled('nobody is there')
        self.paced = reply is not None
        yield from self._settle(reply)

    def _settle(self, reply: Reply | None) -> Script[None]:
        """Leave no episode unanswered: a robot would treat that as a fault."""
        self.doing, latest = 'the episode that runs already', self.witness.latest
        if reply is not None:
            self._episode_id = '' if reply.refusal else reply.value
        elif latest is not None:
            self._episode_id = latest.episode_id
        self.witness.expect(self._episode_id, whole=False)
        if self._episode_id and (latest is None or not self._concerns(latest)):
            latest = yield from self._wait(HOLD, self._concerns)
        if (latest is not None and self._concerns(latest)
                and self.witness.episodes[self._episode_id].end is None):
            yield from self._play(latest)
        self._begun.update(self.witness.episodes)

    def _ask_parameters(self) -> Script[None]:
        """Request plant and clock."""
        for name in PLANT:
            # If one of the names is undeclared, most drivers reply with nothing at all.
            reply = yield from self._ask(partial(AskParameters, names=(name, 'clock')), tries=1)
            if reply is None:
                return
            self.parameters.update(reply.value)
            if name in self.parameters:
                return

    def _try_everything(self) -> Script[None]:
        if self.paced:
            yield from self._ask_parameters()
            self.own_start = 'robot' in map(self.parameters.get, PLANT)
        yield from self._whole_episodes(range(ADAPTATION, ADAPTATION + self.episodes))
        if self.paced:
            yield from self._reset_in_mid_episode(ADAPTATION)
        if self.witness.lockstep:
            yield from self._provoke_in_lockstep(ADAPTATION)
        else:
            yield from self._provoke_in_real_time(ADAPTATION)
        self.doing = 'waiting for what should not come'
        yield from self._pause(LINGER)
        self.report.judge(Rule.QUIET, True)

    def _conclude(self, why: str) -> None:
        """Say why rules were not tried."""
        reasons = {Rule.REWARD: 'none was published'}
        if self.witness.lockstep:
            reasons |= dict.fromkeys((Rule.STEADY, Rule.SILENCE), IN_LOCKSTEP)
        elif self.witness.lockstep is False:
            reasons |= dict.fromkeys((Rule.ONE_OPEN, Rule.RESEND), IN_REAL_TIME)
        if not self.paced:
            reasons |= dict.fromkeys((Rule.RESET, Rule.SEED, Rule.SEED_KEPT, Rule.SAME_START,
                                      Rule.ABORT), BY_ITSELF)
        elif self.own_start:
            reasons[Rule.SAME_START] = OWN_START
        elif self.report.is_broken(Rule.SEED):
            reasons |= dict.fromkeys((Rule.SEED_KEPT, Rule.SAME_START), NO_SEED)
        for rule in Rule:
            self.report.skip(rule, reasons.get(rule) or why or 'nothing was seen of it')
