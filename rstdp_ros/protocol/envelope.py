"""
What adaptation says beside the network on ``weights``, for those who do not read network files.

A driver learns by it what became of its episode, a policy whether its spikes are heard.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# Verdicts on an episode; the last two go on with ': ' and the reason.
LEARNED, UNLEARNED, AGAIN = 'learned', 'unlearned', 'again'


class Envelope(NamedTuple):
    """
    Words that go with a network.

    :param digest: of the network; '' as long as adaptation hears no policy.
    :param episode_id: of the latest episode that adaptation judged; '' for none.
    :param verdict: 'learned'; 'unlearned: ...'; or 'again: ...' where to play the same episode
        once more helps.
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
        """Undo :meth:`words`; None for a network without them, whoever sent it."""
        said = dict(line.split(' ', 1) for line in words if ' ' in line)
        if 'policies' not in said:
            return None
        return cls(said.get('digest', ''), said.get('episode', ''), said.get('verdict', ''),
                   tuple(said['policies'].split()))
