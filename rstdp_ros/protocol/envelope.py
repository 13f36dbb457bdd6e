"""
What adaptation says beside the network on ``weights``, without parsing the network file.

It tells a driver the outcome of its episode, and a policy whether its spikes are heard.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from rstdp_ros.support.untrusted import shortened

# Verdicts on an episode; the last two are followed by ': ' and the reason.
LEARNED, UNLEARNED, AGAIN = 'learned', 'unlearned', 'again'
VERDICTS_REMEMBERED = 4
POLICIES_REMEMBERED = 4


class Envelope(NamedTuple):
    """
    The words that accompany a network.

    :param digest: of the network; '' while adaptation hears no policy.
    :param episode_id: of the latest episode that adaptation judged; '' for none.
    :param verdict: 'learned'; 'unlearned: ...'; or 'again: ...' if playing the same episode again
        helps.
    :param policies: names of the policies whose spikes adaptation hears.
    """

    digest: str = ''
    episode_id: str = ''
    verdict: str = ''
    policies: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Return a line per field."""
        return [f'digest {self.digest}', f'episode {self.episode_id}', f'verdict {self.verdict}',
                f'policies {" ".join(self.policies)}']

    @classmethod
    def parse(cls, words: Iterable[str]) -> Envelope | None:
        """Undo :meth:`words`; None for a network without them, from any sender."""
        said = dict(line.split(' ', 1) for line in words if ' ' in line)
        if 'policies' not in said:
            return None
        return cls(said.get('digest', ''), said.get('episode', ''), said.get('verdict', ''),
                   tuple(said['policies'].split()))


class Announcements:
    """
    What adaptation announces: its latest verdicts, and which policies it hears.

    :ivar hears: whether spikes are heard, or no policy is known that would send any.
    """

    def __init__(self) -> None:
        self.hears = False
        self._policies: tuple[str, ...] = ()
        self._verdicts: OrderedDict[str, str] = OrderedDict()
        self._answered = ''

    def hear(self, policy: str) -> None:
        """Remember that spikes are heard; ``policy`` is '' if their sender has no name."""
        if policy and policy not in self._policies:
            self._policies = (*self._policies, policy)[-POLICIES_REMEMBERED:]
        self.hears = True

    def settle(self, episode_id: str, verdict: str) -> None:
        """Remember the verdict on an episode, and announce it."""
        self._answered = episode_id
        self._verdicts[episode_id] = shortened(verdict)
        self._verdicts.move_to_end(episode_id)
        while len(self._verdicts) > VERDICTS_REMEMBERED:
            self._verdicts.popitem(last=False)

    def judged(self, episode_id: str) -> bool:
        """Return whether there is a verdict on an episode."""
        return episode_id in self._verdicts

    def answers(self, episode_id: str) -> bool:
        """Announce the verdict on an episode from now on; return whether there is one."""
        if self.judged(episode_id):
            self._answered = episode_id
        return self.judged(episode_id)

    def envelope(self, digest: str) -> Envelope:
        """
        Return the envelope for the network of that digest.

        Before spikes are heard it names neither network nor episode, so that no episode begins.
        """
        if not self.hears:
            return Envelope(policies=self._policies)
        verdict = self._verdicts.get(self._answered, '')
        return Envelope(digest, self._answered if verdict else '', verdict, self._policies)
