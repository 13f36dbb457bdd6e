"""One side of a dialogue with an environment, in scripts that wait for its messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rstdp_ros.protocol.adaptation import ASK_AGAIN_AFTER, PROGRESS_TIMEOUT, SERVICE_TIMEOUT
from rstdp_ros.protocol.conformance.events import (
    Act,
    Event,
    Output,
    Reply,
    Script,
    Stalled,
    Unreadable,
)
from rstdp_ros.protocol.conformance.rules import Report, Rule
from rstdp_ros.protocol.conformance.witness import Witness
from rstdp_ros.protocol.episode import EpisodeEnd, Observation
from rstdp_ros.protocol.outputs import Reset, SetSeed
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints

# A reply can get lost.
TRIES = 3
RESET_LOST = f'no reply within {SERVICE_TIMEOUT:g} s, {TRIES} times in a row'


class Dialogue:
    """
    What every script needs: waiting, requesting, beginning an episode, answering.

    :param policy: answers observations.
    :param patience: s, how long to wait for an environment to appear or to be ready.
    :ivar paced: whether the environment begins an episode on request.
    :ivar parameters: what it reports about its plant and clock, if anything.
    :ivar own_start: whether an episode starts where the robot is, regardless of the seed.
    :ivar doing: what is being tried, to show to a waiting person.
    """

    def __init__(self, policy: PolicyProtocol, patience: float) -> None:
        self.policy, self.task, self.patience = policy, policy.task, patience
        self.report = Report()
        self.witness = Witness(self.task, self.report)
        self.paced, self.own_start = True, False
        self.parameters: dict[str, str] = {}
        self.doing = ''
        self.now = 0.0
        self._outputs: list[Output] = []
        self._token = 0
        self._episode_id = ''
        self._begun: set[str] = set()
        self._seed: int | None = None
        self._starts: dict[int, Joints] = {}
        self._asked_at = self._slowest_reset = 0.0
        self._last_act: Act | None = None

    def _wait(self, patience: float, wanted: Callable[[Event], bool]) -> Script[Any]:
        """Return the next wanted event; None if none came within ``patience`` seconds."""
        deadline = self.now + patience
        while self.now < deadline:
            event = yield
            if event is not None and wanted(event):
                return event
        return None

    def _pause(self, seconds: float) -> Script[None]:
        yield from self._wait(seconds, lambda event: False)

    def _ask(self, question: Callable[[int], Output], tries: int = TRIES) -> Script[Reply | None]:
        """Repeat a request until there is a reply; None if there is none after several tries."""
        for _ in range(tries):
            self._token += 1
            token, self._asked_at = self._token, self.now
            self._outputs.append(question(token))
            reply = yield from self._wait(SERVICE_TIMEOUT, partial(_replies, token))
            if reply is not None:
                return reply
        return None

    def _begin(self, seed: int) -> Script[Observation]:
        """
        Return the first observation of a new episode.

        :param seed: for an environment that takes requests.
        """
        self.witness.expect('')
        if self.paced:
            episode_id = yield from self._reset(seed)
            self._episode_id = episode_id

        def new(observation: Event | None) -> bool:
            return isinstance(observation, Observation) and (
                observation.episode_id == self._episode_id if self.paced
                else observation.episode_id not in self._begun)

        # It may have overtaken the reply, or arrived while something else was awaited.
        first, since = self.witness.latest, self.now
        if not new(first):
            # An environment that paces itself may have to bring its plant back first.
            patience = PROGRESS_TIMEOUT if self.paced else max(PROGRESS_TIMEOUT, self.patience)
            first = yield from self._wait(patience, new)
        if first is None:
            raise self._stalled(since)
        self._episode_id = first.episode_id
        self._begun.add(first.episode_id)
        self.report.judge(Rule.ID_FRESH, True)
        self.witness.expect(first.episode_id, self._seed)
        self._judge_start()
        return first

    def _reset(self, seed: int) -> Script[str]:
        """Request an episode, repeatedly while the environment is not ready."""
        deadline, doing = self.now + self.patience, self.doing
        while True:
            reply = yield from self._ask(lambda token: SetSeed(seed, token))
            refusal = 'no reply' if reply is None else reply.refusal
            self.report.judge(Rule.SEED, not refusal, refusal)
            self._seed = None if refusal else seed
            reply = yield from self._ask(Reset)
            if reply is None:
                self.report.judge(Rule.RESET, False, RESET_LOST)
                raise Stalled('reset gives no reply')
            self._slowest_reset = max(self._slowest_reset, self.now - self._asked_at)
            self.report.judge(Rule.RESET, True, f'within {1e3 * self._slowest_reset:.0f} ms')
            if not reply.refusal:
                break
            if self.now >= deadline:
                raise Stalled(f'it begins no episode: {reply.refusal}')
            self.doing = f'waiting for the environment: {reply.refusal}'
            yield from self._pause(ASK_AGAIN_AFTER)
        self.doing = doing
        if reply.value in self._begun:
            self.report.judge(Rule.ID_FRESH, False, f'{reply.value!r} came again')
            raise Stalled('episodes cannot be told apart')
        return reply.value

    def _judge_start(self) -> None:
        """Compare the first observation with that of an earlier episode with the same seed."""
        if self._seed is None or self.own_start:
            return
        joints = self.witness.first(self._episode_id)
        before = self._starts.setdefault(self._seed, joints)
        if before is not joints:
            self.report.judge(Rule.SAME_START, joints == before,
                              '' if joints == before else f'{before}, then {joints}')

    def _answer(self, observation: Observation) -> None:
        self._last_act = act = self._good_act(observation)
        self.witness.answered(act.episode_id, act.stamp, act.effort)
        self._outputs.append(self._last_act)

    def _good_act(self, observation: Observation) -> Act:
        try:
            answer = self.policy.observation(observation.episode_id,
                                             self.task.robot.observation(*observation.joints))
        except RstdpError as error:
            raise Stalled(str(error)) from None
        return Act(observation.episode_id, observation.stamp, self.task.robot.actuated_joint,
                   answer.effort)

    def _step(self, observation: Observation) -> Script[Any]:
        """Answer an observation, again if it is sent again; return what follows it."""
        since = self.now
        while self.now < since + PROGRESS_TIMEOUT:
            self._answer(observation)
            event = yield from self._wait(PROGRESS_TIMEOUT, self._concerns)
            if event is None:
                break
            if not isinstance(event, Observation) or event.stamp != observation.stamp:
                self.report.judge(Rule.GOES_ON, True)
                return event
        raise self._stalled(since)

    def _play(self, event: Event) -> Script[Any]:
        """Answer until the episode is over; return its end."""
        while isinstance(event, Observation):
            if len(self.witness.episodes[self._episode_id].joints) > self.task.max_episode_steps:
                self.report.judge(Rule.LENGTH, False, 'it had no end after '
                                  f'{self.task.max_episode_steps} steps')
                raise Stalled('an episode does not end')
            event = yield from self._step(event)
        return event

    def _concerns(self, event: Event) -> bool:
        """Return whether an event belongs to the running episode."""
        if isinstance(event, (Observation, EpisodeEnd)):
            return event.episode_id == self._episode_id
        return isinstance(event, Unreadable)

    def _stalled(self, since: float) -> Stalled:
        """
        Name what did not arrive.

        :param since: when the wait began, s.
        """
        witness = self.witness
        heard = witness.latest.episode_id if witness.latest and witness.latest_at > since else ''
        if witness.stray_end:
            self.report.judge(Rule.END, False, f'it named {witness.stray_end!r}, which was never '
                              f'observed, while {self._episode_id!r} ran')
        elif heard and heard != self._episode_id:
            self.report.judge(Rule.ID_CARRIED, False, f'{heard!r} in episode '
                              f'{self._episode_id!r}')
        elif heard and witness.episodes[heard].end:
            self.report.judge(Rule.ID_FRESH, False, f'{heard!r} goes on after its end')
        else:
            self.report.judge(Rule.GOES_ON, False, f'nothing new within {PROGRESS_TIMEOUT:g} s; '
                              'its log or /diagnostics may say why')
        return Stalled('the episode does not go on')


def _replies(token: int, event: Event) -> bool:
    """Return whether an event is the reply to a request."""
    return isinstance(event, Reply) and event.token == token
