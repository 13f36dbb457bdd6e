"""The trials: whole episodes, resets, silence and invalid actions."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any, NamedTuple

from rstdp_ros.protocol.adaptation import PROGRESS_TIMEOUT
from rstdp_ros.protocol.conformance.dialogue import Dialogue
from rstdp_ros.protocol.conformance.events import Act, Event, Script, Stalled
from rstdp_ros.protocol.conformance.rules import Rule
from rstdp_ros.protocol.episode import CLOCKS, EpisodeEnd, LOCKSTEP, Observation
from rstdp_ros.support.endings import TERMINATED

# How long an observation is left open to see what the environment does, s.
HOLD = 1.0
# After the second copy of an observation it is certain that everything sent before the first one
# has arrived.
COPIES = 2
# How long an episode without answers may last in real time, s.
SILENCE_PATIENCE = 5.0
# On a busy machine an episode in real time is sometimes aborted or delayed.
ATTEMPTS = 3
# An episode lasting longer than this many times one without answers must have taken an answer.
TOLERANCE = 1.25
# Offset from an observation's stamp to one that no observation can have, ns.
FAR = 10_000_000_000


class Provocation(NamedTuple):
    """
    An answer that an environment must ignore.

    :param what: a description.
    :param spoil: (the right action, the one before it) -> the action to send; None for silence.
    """

    rule: Rule
    what: str
    spoil: Callable[[Act, Act], Act] | None = None


SPOILED = (
    Provocation(Rule.OTHER_JOINT, 'an action for another joint',
                lambda act, last: act._replace(joint='no_such_joint')),
    Provocation(Rule.FINITE, 'an effort of NaN', lambda act, last: act._replace(effort=math.nan)),
    Provocation(Rule.FINITE, 'an infinite effort',
                lambda act, last: act._replace(effort=math.inf)),
    Provocation(Rule.PAIRING, 'an action with another stamp',
                lambda act, last: act._replace(stamp=act.stamp + FAR)),
    Provocation(Rule.PAIRING, 'an action with another episode id',
                lambda act, last: act._replace(episode_id=f'{act.episode_id}1')),
    Provocation(Rule.REPEAT, 'the action before', lambda act, last: last))
UNANSWERED = Provocation(Rule.ONE_OPEN, 'no answer')
SILENCE = Provocation(Rule.SILENCE, 'no answer')


class Trials(Dialogue):
    """Each trial is a separate script."""

    def _whole_episodes(self, seeds: range) -> Script[None]:
        for i, seed in enumerate(seeds, start=1):
            self.doing = f'whole episode {i} of {len(seeds)}'
            yield from self._whole_episode(seed)

    def _whole_episode(self, seed: int) -> Script[None]:
        """Play an episode, again if it was disturbed; judge the last try."""
        for _ in range(ATTEMPTS):
            event = yield from self._begin(seed)
            if self.witness.lockstep is None:
                event = yield from self._tell_the_clock(event)
            end = yield from self._play(event)
            aborted = isinstance(end, EpisodeEnd) and end.aborted
            rate = None if self.witness.lockstep else self.witness.rate(self._episode_id)
            if not aborted and (rate is None or rate[0]):
                break
        if aborted:
            self.report.judge(Rule.GOES_ON, False,
                              f'{ATTEMPTS} episodes in a row were {end.message}')
            raise Stalled('every episode is aborted')
        if rate is not None:
            self.report.judge(Rule.STEADY, *rate)

    def _tell_the_clock(self, first: Observation) -> Script[Any]:
        """
        Withhold an answer to see whether the environment waits; return what came.

        In real time a simulated plant may wait for its first answer too.
        """
        declared = self.parameters.get('clock')
        if declared != LOCKSTEP:
            first = yield from self._step(first)
            if not isinstance(first, Observation):
                return first
        began, patience = self.now, max(HOLD, 3 * self.task.robot.control_period)
        event = yield from self._wait(patience, self._concerns)
        waited = self.now - began
        again = isinstance(event, Observation) and event.stamp == first.stamp
        lockstep = declared == LOCKSTEP if declared in CLOCKS else again or event is None
        self.witness.lockstep = lockstep
        if lockstep:
            self.report.judge(Rule.RESEND, again, f'{"after" if again else "not within"} '
                              f'{waited:.2f} s')
        elif again:
            self.report.judge(Rule.STEADY, False, f'its clock is {declared}, but it waits')
        return event or first

    def _reset_in_mid_episode(self, seed: int) -> Script[None]:
        self.doing = 'a reset in mid-episode'
        event = yield from self._step((yield from self._begin(seed)))
        if not isinstance(event, Observation):
            self.report.skip(Rule.ABORT, 'the episode was over after one step')
            return
        broken_off = self._episode_id
        yield from self._play((yield from self._begin(seed)))
        end = self.witness.episodes[broken_off].end
        self.report.judge(Rule.ABORT, end is not None and end.aborted,
                          end.message if end else 'no episode_end came for it')

    def _provoke_in_lockstep(self, seed: int) -> Script[None]:
        """Send each provocation to a separate observation, and then the right answer."""
        event: Event = yield from self._begin(seed)
        for provocation in (UNANSWERED, *SPOILED):
            self.doing = provocation.what
            for _ in range(ATTEMPTS):
                observation = yield from self._advance(event, seed)
                event = yield from self._provoke(provocation, observation)
                if not (isinstance(event, EpisodeEnd) and event.aborted):
                    break
            if self.report.is_broken(Rule.ONE_OPEN):
                for untold in SPOILED:
                    self.report.skip(untold.rule, 'it goes on without an answer, too')
                break
        yield from self._play(event)

    def _advance(self, event: Event, seed: int) -> Script[Observation]:
        """Answer and return the next observation, of another episode if this one ends."""
        while True:
            if isinstance(event, Observation):
                event = yield from self._step(event)
                if isinstance(event, Observation):
                    return event
            event = yield from self._begin(seed)

    def _provoke(self, provocation: Provocation, observation: Observation) -> Script[Event]:
        """Return what is open afterwards: the observation, if the provocation was ignored."""
        rule, what, spoil = provocation
        # A re-send shows that the provocation was ignored; on a busy machine it may take a while.
        patience = HOLD if self.report.is_broken(Rule.RESEND) else PROGRESS_TIMEOUT
        for _ in range(COPIES):
            if spoil:
                self._outputs.append(spoil(self._good_act(observation), self._last_act))
            event = yield from self._wait(patience, self._concerns)
            if event is None:
                break  # it should have been sent again, but that is another rule
            if isinstance(event, EpisodeEnd) and event.aborted:
                self.report.skip(rule, f'the episode was {event.message}')
                return event
            if not isinstance(event, Observation) or event.stamp != observation.stamp:
                self.report.judge(rule, False, f'after {what} it went on')
                return event
        self.report.judge(rule, True)
        return observation

    def _provoke_in_real_time(self, seed: int) -> Script[None]:
        """Give an episode only one provocation: it must end as if there were no answer."""
        event, silent = yield from self._starve(SILENCE, seed, SILENCE_PATIENCE)
        if not (isinstance(event, EpisodeEnd) and event.aborted):
            self._judge_silence(event, silent)
            return
        self.report.judge(Rule.SILENCE, True, f'{event.message}, after {silent:.2f} s')
        for provocation in SPOILED:
            event, lasted = yield from self._starve(provocation, seed, 2 * silent + HOLD)
            self._judge_starved(provocation, event, lasted, silent)

    def _judge_starved(self, provocation: Provocation, event: Event | None, lasted: float,
                       silent: float) -> None:
        rule, what, _ = provocation
        end = event if isinstance(event, EpisodeEnd) else None
        if end and end.aborted:
            self.report.judge(rule, True)
        elif end and rule is Rule.REPEAT and lasted <= TOLERANCE * silent:
            # The first copy was a valid action, which moved the plant while it was valid.
            self.report.skip(rule, f'the episode {end.message} before any time-out')
        else:
            went_on = f'{end.message} after' if end else 'went on for'
            self.report.judge(rule, False, f'after {what} it {went_on} {lasted:.2f} s; without '
                              f'answers it lasts {silent:.2f} s')

    def _judge_silence(self, event: Event | None, lasted: float) -> None:
        """Report what an episode did that was not aborted although there was no answer."""
        end = event if isinstance(event, EpisodeEnd) else None
        why = (f'without answers it {end.message} after' if end
               else 'without answers it goes on for') + f' {lasted:.2f} s'
        if end and end.message == TERMINATED:
            # It might have been aborted a moment later.
            self.report.skip(Rule.SILENCE, why)
        else:
            self.report.judge(Rule.SILENCE, False, why)
        for provocation in SPOILED:
            self.report.skip(provocation.rule, why)

    def _starve(self, provocation: Provocation, seed: int,
                patience: float) -> Script[tuple[Event | None, float]]:
        """Return the end of an episode with one right answer, if any, and how long it lasted."""
        self.doing = provocation.what
        event: Event | None = yield from self._step((yield from self._begin(seed)))
        if not isinstance(event, Observation):
            return event, 0.0
        began, last = self.now, self._good_act(event)
        while isinstance(event, Observation) and self.now < began + patience:
            if provocation.spoil:
                self._outputs.append(provocation.spoil(self._good_act(event), last))
            event = yield from self._wait(patience, self._concerns)
        lasted = self.now - began
        if isinstance(event, Observation):
            yield from self._play(event)
        return event, lasted
