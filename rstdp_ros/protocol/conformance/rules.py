"""The rules that an environment must follow, and a report on which it follows."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

OK, FAILED, NOT_TRIED = 'ok', 'FAILED', 'not tried'


class Rule(Enum):
    """What an environment must do, in words."""

    QOS = 'observation and episode_end are offered reliable'
    RESET = 'reset replies within 2 s'
    ID_FORM = 'an episode id is <boot>-<n>'
    ID_FRESH = 'every episode has an id that was never seen before'
    ID_CARRIED = 'observations carry the id of their episode'
    JOINTS = "the task's joints are found by name, with finite positions and velocities"
    STAMPS = 'stamps rise strictly'
    GOES_ON = 'an answer leads to the next observation or to the end'
    LENGTH = "an episode has no more steps than the task's longest"
    ONE_OPEN = 'in lockstep, the next observation waits for the answer to the last one'
    RESEND = 'in lockstep, an unanswered observation is sent again unchanged'
    STEADY = 'in real time, observations come at a steady rate'
    SILENCE = 'in real time, an episode without answers is aborted within 5 s'
    PAIRING = 'an action that pairs with no observation is ignored'
    REPEAT = 'an action that comes again is ignored'
    FINITE = 'an effort that is not finite is ignored'
    OTHER_JOINT = 'an action for another joint is ignored'
    END = 'episode_end names the episode, says how it ended and has readable, finite numbers'
    STEPS = 'steps is the number of observations published'
    EFFORTS = 'efforts, where given, is the digest of the efforts that were answered'
    QUIET = 'no observation follows the end of its episode'
    REWARD = 'episode_reward equals the return'
    SEED = 'the parameter seed can be set'
    SEED_KEPT = 'episode_end has the seed that was set'
    SAME_START = 'the same seed gives the same first observation'
    ABORT = 'a reset in mid-episode aborts it and begins another'


class Verdict(NamedTuple):
    """
    The verdict on a rule.

    :param state: 'ok', 'FAILED' or 'not tried'.
    :param seen: what was seen, or why it was not tried; '' if there is nothing to add.
    """

    rule: Rule
    state: str
    seen: str

    def __str__(self) -> str:
        """Format it as one line."""
        return f'{self.state:<9}  {self.rule.value}{f": {self.seen}" if self.seen else ""}'


class Report:
    """
    The verdicts so far.

    A rule that was broken once stays broken; the first breach is reported.
    """

    def __init__(self) -> None:
        self._kept: dict[Rule, str] = {}
        self._broken: dict[Rule, str] = {}
        self._skipped: dict[Rule, str] = {}

    def judge(self, rule: Rule, kept: bool, seen: str = '') -> None:
        """
        Note that a rule was kept or broken just now.

        :param seen: what was seen, for the reader.
        """
        if kept:
            self._kept[rule] = seen
        else:
            self._broken.setdefault(rule, seen)

    def skip(self, rule: Rule, why: str) -> None:
        """Note why a rule cannot be tried; the first reason is reported."""
        self._skipped.setdefault(rule, why)

    def judged(self, rule: Rule) -> bool:
        """Return whether a rule was kept or broken at least once."""
        return rule in self._kept or rule in self._broken

    def is_broken(self, rule: Rule) -> bool:
        """Return whether a rule was broken."""
        return rule in self._broken

    @property
    def broken(self) -> bool:
        """Whether any rule was broken."""
        return bool(self._broken)

    def verdicts(self) -> list[Verdict]:
        """Return one verdict per rule, in the order of :class:`Rule`."""
        return [self._verdict(rule) for rule in Rule]

    def _verdict(self, rule: Rule) -> Verdict:
        for state, found in ((FAILED, self._broken), (OK, self._kept)):
            if rule in found:
                return Verdict(rule, state, found[rule])
        return Verdict(rule, NOT_TRIED, self._skipped.get(rule, 'nothing was seen of it'))
