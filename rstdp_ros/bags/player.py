"""Send recorded observations to a live policy, with their timing but never too early."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from rstdp_ros.bags.reader import Message
from rstdp_ros.protocol.envelope import AGAIN
from rstdp_ros.protocol.gate import Gate

RESEND_AFTER = 0.2
# An end is repeated until adaptation answers it.
SAY_AGAIN_AFTER = 0.5
# Playing an episode again helps if spikes were lost, but not forever.
REPEATS = 5
PLAYED = ('observation', 'episode_end', 'episode_reward')
# No id of ours begins with one of these.
INITIALS = 'ghijklmnopqrstuvwxyz'


class Cue(NamedTuple):
    """
    A message and its meaning.

    :param key: (episode id, stamp in ns) of an observation, as in its answer.
    :param ended: id of the episode that it ends; ``steps``: the number of its observations.
    """

    message: Message
    key: tuple[str, int] | None
    ended: str = ''
    steps: int = 0


class Player:
    """
    Decides what to publish when; times are steady, in seconds.

    The recorded environment may have waited for its policy, so the player does: the next message
    follows the answer, and an episode begins when the gate is open. An episode of which adaptation
    missed something is played again under another id.

    :param cues: in the order of the recording.
    :param rate: speed relative to the recording.
    :param gate: knows the state of policy and adaptation.
    :param turn: number of times the bag was played before.
    """

    def __init__(self, cues: Iterator[Cue], rate: float = 1.0, gate: Gate | None = None,
                 turn: int = 0) -> None:
        self.gate = gate or Gate()
        self._cues, self._rate, self._first_turn = cues, rate, turn
        self._next = next(cues, None)
        self._open: Cue | None = None
        self._sent_at = self._due = 0.0
        self._episode_id, self._turn = '', turn
        # The messages of the episode already played, and those to play before the rest of the bag.
        self._episode: list[Cue] = []
        self._ahead: deque[Cue] = deque()
        self._ended: Cue | None = None
        self.observations = self.repeats = 0

    @property
    def over(self) -> bool:
        """Whether all messages were sent and answered."""
        return self._next is None and self._open is None and self._ended is None

    @property
    def waiting(self) -> bool:
        """Whether an observation awaits its answer."""
        return self._open is not None

    def answered(self, key: tuple[str, int]) -> None:
        """Note an action, by the header of its observation."""
        if self._open and key == self._renamed(self._open).key:
            self._open = None

    def poll(self, now: float) -> list[Message]:
        """Return the messages that are due."""
        if self._open:
            if now - self._sent_at < RESEND_AFTER:
                return []
            self._sent_at = now
            return [self._renamed(self._open).message]
        due: list[Message] = []
        while not self._open:
            if self._between_episodes:
                if not self.gate.is_open(now):
                    return due + self._say_again(now)
                if self._ended:
                    self._go_on()
            if not self._next or now < self._due:
                break
            due.append(self._send(self._next, now))
        return due

    @property
    def _between_episodes(self) -> bool:
        if self._next is None:
            return self._ended is not None
        return self._begins(self._next)

    def _begins(self, cue: Cue) -> bool:
        return cue.key is not None and cue.key[0] != self._episode_id

    def _say_again(self, now: float) -> list[Message]:
        """Repeat the messages after the last observation: they may not have been heard."""
        if not self._ended or now - self._sent_at < SAY_AGAIN_AFTER:
            return []
        self._sent_at = now
        return [self._renamed(cue).message for cue in self._episode if not cue.key]

    def _go_on(self) -> None:
        """Play the episode again if that helps, or leave it behind."""
        whole = sum(cue.key is not None for cue in self._episode) >= self._ended.steps
        self._ended = None
        if (self.gate.verdict.startswith(AGAIN) and whole
                and self._turn < self._first_turn + REPEATS):
            self._turn += 1
            self.repeats += 1
            if self._next:
                self._ahead.appendleft(self._next)
            self._ahead.extendleft(reversed(self._episode))
            self._next = self._ahead.popleft()
        else:
            self._turn = self._first_turn
        self._episode_id = ''

    def _send(self, cue: Cue, now: float) -> Message:
        if self._begins(cue):
            self._episode = []
        self._episode.append(cue)
        if cue.key:
            self._open, self._episode_id = cue, cue.key[0]
            self.observations += 1
        elif cue.ended:
            self._ended = cue
            self.gate.ended(self._renamed(cue).ended, now)
        self._sent_at = now
        self._next = self._ahead.popleft() if self._ahead else next(self._cues, None)
        if self._next:
            gap = max(0, self._next.message.time - cue.message.time) / 1e9
            # A late message does not speed up the rest.
            self._due = max(self._due, now) + gap / self._rate
        return self._renamed(cue).message

    def _renamed(self, cue: Cue) -> Cue:
        """Return the cue as sent in this turn: every turn is an episode of its own."""
        before = cue.key[0] if cue.key else cue.ended
        if not (self._turn and before and before[0].isascii()):
            return cue
        initials = INITIALS.replace(before[0], '')
        after = initials[(self._turn - 1) % len(initials)] + before[1:]
        data = bytes(cue.message.data).replace(f'{before}\0'.encode(), f'{after}\0'.encode(), 1)
        return cue._replace(message=cue.message._replace(data=data),
                            key=cue.key and (after, cue.key[1]), ended=cue.ended and after)
