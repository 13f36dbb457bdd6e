"""What environment, policy and adaptation tell each other about an episode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import hashlib
import math
import secrets
from typing import NamedTuple

import numpy as np

from rstdp_ros.support.digests import short, SHORT_DIGEST
from rstdp_ros.support.endings import ABORTED, TERMINATED, TRUNCATED
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import simulators
from rstdp_ros.tasks.interface import Joints

# What our environment node controls.
PLANTS = (*simulators(), 'robot')
LOCKSTEP, REALTIME = 'lockstep', 'realtime'
CLOCKS = (LOCKSTEP, REALTIME)
# No episode has this many steps, and no seed is this large.
MAX_NUMBER = 2**31
# Prefix of the id in a raster that belongs to no episode: with it a policy announces itself.
ANNOUNCEMENT = 'policy '
MAX_NAME = 64


class Observation(NamedTuple):
    """Environment to policy; (episode id, stamp) pairs it with its action."""

    episode_id: str
    stamp: int
    joints: Joints


class EpisodeEnd(NamedTuple):
    """
    Environment to adaptation; ``steps`` counts the observations published.

    :param efforts: digest of the efforts obeyed, one per observation; '' if unknown.
    """

    episode_id: str
    message: str
    seed: int
    steps: int
    episode_return: float
    efforts: str = ''

    @property
    def aborted(self) -> bool:
        """Whether the episode was aborted and teaches nothing."""
        return self.message.startswith(ABORTED)

    def values(self) -> dict[str, str]:
        """Return the numbers as text that reads back to the same numbers."""
        values = {'seed': str(self.seed), 'steps': str(self.steps),
                  'return': repr(self.episode_return)}
        return {**values, 'efforts': self.efforts} if self.efforts else values

    @classmethod
    def parse(cls, episode_id: str, message: str, values: Mapping[str, str]) -> EpisodeEnd:
        """
        Undo :meth:`values`.

        :raises RstdpError: a number that is missing, malformed or impossible.
        """
        try:
            end = cls(episode_id, message, int(values['seed']), int(values['steps']),
                      float(values['return']), values.get('efforts', ''))
        except KeyError as error:
            raise RstdpError(f'episode_end without {error}') from None
        except ValueError as error:
            raise RstdpError(f'episode_end with a malformed number: {error}') from None
        if message not in (TERMINATED, TRUNCATED) and not end.aborted:
            raise RstdpError(f'episode_end with message {message!r}')
        if (not episode_id or not 1 <= end.steps <= MAX_NUMBER or abs(end.seed) > MAX_NUMBER
                or not math.isfinite(end.episode_return)
                or len(end.efforts) not in (0, SHORT_DIGEST)):
            raise RstdpError(f'episode_end that makes no sense: {end}')
        return end


# What an environment sends.
Messages = Sequence[Observation | EpisodeEnd]


def new_boot_id() -> str:
    """Draw the part of episode ids that distinguishes process starts."""
    return secrets.token_hex(4)


def efforts_digest(efforts: Iterable[float]) -> str:
    """
    Return the digest of a sequence of efforts: 16 hex digits of their bytes' SHA-256.

    :param efforts: N or N m, hashed as little-endian doubles; -0 is 0.
    """
    data = np.array(list(efforts), '<f8') + 0.0
    return short(hashlib.sha256(data.tobytes()).hexdigest())


def raster_frame(episode_id: str, digest: str) -> str:
    """Name the episode and the network that a raster belongs to."""
    return f'{episode_id}/{short(digest)}'


def split_raster_frame(frame: str) -> tuple[str, str]:
    """
    Undo :func:`raster_frame`.

    :raises RstdpError: not such a name.
    """
    episode_id, slash, digest = frame.rpartition('/')
    if not slash or not episode_id or len(digest) != SHORT_DIGEST:
        raise RstdpError(f'spikes with frame_id {frame!r}, not <episode id>/<digest>')
    return episode_id, digest


def announcement_id(policy: str) -> str:
    """Return the id under which a policy announces itself on ``spikes``."""
    return f'{ANNOUNCEMENT}{policy}'


def announced_policy(episode_id: str) -> str:
    """Undo :func:`announcement_id`; '' for an episode's id."""
    policy = episode_id.removeprefix(ANNOUNCEMENT)
    usable = policy != episode_id and len(policy) <= MAX_NAME and ' ' not in policy
    return policy if usable else ''
