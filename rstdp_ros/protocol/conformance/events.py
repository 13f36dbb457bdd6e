"""What an examination hears and what it wants done, and the scripts in between."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import NamedTuple, TypeVar

from rstdp_ros.protocol.episode import EpisodeEnd, Observation
from rstdp_ros.protocol.outputs import Reset, SetSeed


class Act(NamedTuple):
    """Publish an action, whether or not it makes sense."""

    episode_id: str
    stamp: int
    joint: str
    effort: float


class AskParameters(NamedTuple):
    """Ask the environment for parameters of these names."""

    token: int
    names: tuple[str, ...]


class Reply(NamedTuple):
    """
    The reply to :class:`SetSeed`, :class:`Reset` or :class:`AskParameters`.

    :param value: the episode id, or the values of those parameters that there are, by name.
    :param refusal: why it was not done, '' if it was.
    """

    token: int
    value: str | Mapping[str, str] = ''
    refusal: str = ''


class Unreadable(NamedTuple):
    """An episode_end that says too little."""


class Stalled(Exception):
    """The environment does not go on, so that nothing more can be tried."""


Output = SetSeed | Reset | AskParameters | Act
Event = Observation | EpisodeEnd | Reply | Unreadable
T = TypeVar('T')
# A generator that stops wherever it waits; every event, or None when time has passed, lets it
# go on.
Script = Generator[None, Event | None, T]
