"""Give a live policy the recorded observations, with their timing but never too early."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rstdp_ros.bags.reader import Message

RESEND_AFTER = 0.2
# New weights come within milliseconds after an episode, or not at all.
WEIGHTS_TIMEOUT = 1.0
PLAYED = ('observation', 'episode_end', 'episode_reward')


class Cue(NamedTuple):
    """
    A message and, of an observation, what its answer will carry.

    :param key: (episode id, stamp in ns); None for other messages.
    """

    message: Message
    key: tuple[str, int] | None


class Player:
    """
    Says what to publish when; times are steady, in seconds.

    The environment of the recording may have waited for its policy, so this one does: what comes
    next comes after the answer, and an episode begins after the weights of the one before.

    :param cues: in the order of the recording.
    :param rate: so many times as fast as it was.
    """

    def __init__(self, cues: Iterator[Cue], rate: float = 1.0) -> None:
        self._cues, self._rate = cues, rate
        self._next = next(cues, None)
        self._open: Cue | None = None
        self._sent_at = self._due = 0.0
        self._weights_until = 0.0
        self._episode_id = ''
        self.observations = 0

    @property
    def over(self) -> bool:
        """Whether everything was sent and answered."""
        return self._next is None and self._open is None

    @property
    def waiting(self) -> bool:
        """Whether an observation is not answered yet."""
        return self._open is not None

    def answered(self, key: tuple[str, int]) -> None:
        """Hear an action, by the header of its observation."""
        if self._open and key == self._open.key:
            self._open = None

    def weights_active(self) -> None:
        """Hear that the policy took up weights."""
        self._weights_until = 0.0

    def poll(self, now: float) -> list[Message]:
        """Return what is due."""
        if self._open:
            if now - self._sent_at < RESEND_AFTER:
                return []
            self._sent_at = now
            return [self._open.message]
        due = []
        while self._next and not self._open and now >= self._not_before():
            due.append(self._send(self._next, now))
        return due

    def _not_before(self) -> float:
        key = self._next.key
        begins = key is not None and key[0] != self._episode_id
        return max(self._due, self._weights_until if begins else 0.0)

    def _send(self, cue: Cue, now: float) -> Message:
        if cue.key:
            self._open, self._sent_at, self._episode_id = cue, now, cue.key[0]
            self.observations += 1
        elif cue.message.topic == 'episode_end':
            self._weights_until = now + WEIGHTS_TIMEOUT
        self._next = next(self._cues, None)
        if self._next:
            gap = (self._next.message.time - cue.message.time) / 1e9
            # What is late does not make the rest hurry.
            self._due = max(self._due, now) + gap / self._rate
        return cue.message
