"""When a driver that paces itself may begin an episode, so that none is lost."""

from __future__ import annotations

from rstdp_ros.protocol.envelope import Envelope

# How long to wait for an adaptation that was heard before and is silent, s; it may have died and
# be on its way back.
PATIENCE = 10.0
# Likewise for one that was never heard: perhaps there is none.
FIRST_PATIENCE = 5.0


class Gate:
    """
    Opens when adaptation has judged the episode before and the policy uses what came of it.

    Times are steady, in seconds.

    :ivar waits_for: what is missing, for a person who waits; '' if nothing is.
    """

    def __init__(self) -> None:
        self._envelope: Envelope | None = None
        self._active = ''
        self._episode_id, self._since = '', 0.0
        self._alone = False

    def weights(self, envelope: Envelope | None, now: float) -> None:
        """Hear a network from adaptation."""
        self._envelope, self._since, self._alone = envelope or Envelope(), now, False

    def weights_active(self, digest: str) -> None:
        """Hear from the policy by which weights it plays the next episode."""
        self._active = digest

    def ended(self, episode_id: str, now: float) -> None:
        """Close after an episode."""
        self._episode_id, self._since = episode_id, now

    @property
    def verdict(self) -> str:
        """What adaptation made of the episode before; '' before it said so."""
        envelope = self._envelope
        heard = envelope is not None and envelope.episode_id == self._episode_id != ''
        return envelope.verdict if heard else ''

    @property
    def waits_for(self) -> str:
        """What keeps it closed, except for time."""
        if not self._active:
            return 'the policy to say which weights it uses'
        if self._episode_id and not self.verdict:
            return 'adaptation to answer the episode'
        if self._envelope is not None and self._envelope.digest != self._active:
            return 'the policy to take up the weights'
        return ''

    def is_open(self, now: float) -> bool:
        """Whether an episode may begin."""
        if not self.waits_for:
            return True
        patience = FIRST_PATIENCE if self._envelope is None else PATIENCE
        if not self._active or not self._alone and now - self._since < patience:
            return False
        # Whoever was silent for so long is not waited for again before it speaks.
        self._alone = True
        return True
