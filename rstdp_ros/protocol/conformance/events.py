"""An examination's inputs and outputs, and the type of its scripts."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from rstdp_ros.protocol.episode import EpisodeEnd, Observation
from rstdp_ros.protocol.outputs import Reset, SetSeed


class Act(NamedTuple):
    """Publish an action, whether or not it makes sense."""

    episode_id: str
    stamp: int
    joint: str
    effort: float


class AskParameters(NamedTuple):
    """Request parameters of these names from the environment."""

    token: int
    names: tuple[str, ...]


class Reply(NamedTuple):
    """
    The reply to :class:`SetSeed`, :class:`Reset` or :class:`AskParameters`.

    :param value: the episode id, or the values of the parameters that exist, by name.
    :param refusal: why the request was refused, '' if it was not.
    """

    token: int
    value: Any = ''
    refusal: str = ''


class Unreadable(NamedTuple):
    """An episode_end that lacks information."""


class Stalled(Exception):
    """The environment does not continue, so nothing more can be tried."""


Output = SetSeed | Reset | AskParameters | Act
Event = Observation | EpisodeEnd | Reply | Unreadable
T = TypeVar('T')
# A generator that yields wherever it waits; every event, or None when time has passed, resumes it.
Script = Generator[None, Event | None, T]
