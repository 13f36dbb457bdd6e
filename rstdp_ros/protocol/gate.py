"""Decides when a driver that paces itself may begin an episode, so that none is lost."""

from __future__ import annotations

from rstdp_ros.protocol.envelope import Envelope

# How long to wait for an adaptation that was heard before and is silent, s; it may have died and
# be restarting.
PATIENCE = 10.0
# The same for one that was never heard: there may be none.
FIRST_PATIENCE = 5.0


class Gate:
    """
    Opens when adaptation has judged the last episode and the policy uses the resulting weights.

    Times are steady, in seconds.

    :ivar waits_for: what is missing, to show to a waiting person; '' if nothing is.
    """

    def __init__(self) -> None:
        self._envelope: Envelope | None = None
        self._active = ''
        self._episode_id, self._since = '', 0.0
        self._alone = False

    def weights(self, envelope: Envelope | None, now: float) -> None:
        """Receive a network from adaptation."""
        self._envelope, self._since, self._alone = envelope or Envelope(), now, False

    def weights_active(self, digest: str) -> None:
        """Note with which weights the policy plays the next episode."""
        self._active = digest

    def ended(self, episode_id: str, now: float) -> None:
        """Close after an episode."""
        self._episode_id, self._since = episode_id, now

    @property
    def verdict(self) -> str:
        """Adaptation's verdict on the last episode; '' until there is one."""
        envelope = self._envelope
        heard = envelope is not None and envelope.episode_id == self._episode_id != ''
        return envelope.verdict if heard else ''

    @property
    def waits_for(self) -> str:
        """What keeps the gate closed, apart from time."""
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
        # After such a silence adaptation is not waited for until it is heard again.
        self._alone = True
        return True
