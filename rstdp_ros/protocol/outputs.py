"""What adaptation's side of the protocol requests from its node, and reports to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rstdp_ros.plasticity import EpisodeRecord, Lesson
from rstdp_ros.tasks.interface import Joints


class PublishWeights(NamedTuple):
    """Publish the running network in the protocol's :meth:`envelope`."""


class SetSeed(NamedTuple):
    """Set the environment's seed; reply with the protocol's :meth:`seed_set`."""

    seed: int
    token: int


class Reset(NamedTuple):
    """Reset the environment; reply with the protocol's :meth:`reset_done`."""

    token: int


class Accepted(NamedTuple):
    """
    An episode to learn from; continue with the loop's :meth:`accepted`.

    :param rasters: (steps, T, h1 + h2) uint8, in the order of the observations.
    :param joints: in the same order, if they were wanted.
    :param end: 'terminated' or 'truncated'.
    """

    episode_id: str
    seed: int
    rasters: np.ndarray
    episode_return: float
    joints: tuple[Joints, ...] = ()
    end: str = ''


class Learn(NamedTuple):
    """
    Work that may take long; continue with the loop's :meth:`learned` when it is done.

    :param episode: the episode to learn from.
    :param propose: the work: to be done once, wherever it blocks nothing.
    :param since: when the work began, s.
    """

    episode: Accepted
    propose: Callable[[], Lesson]
    since: float


class RollBack(NamedTuple):
    """A rollback has waited for learning to finish; call the loop's :meth:`roll_back`."""


class Discarded(NamedTuple):
    """An episode that teaches nothing, and why; run again unless the environment paces itself."""

    reason: str
    in_a_row: int


class Waiting(NamedTuple):
    """The environment begins no episode yet, and why; the request is repeated soon."""

    reason: str


class Learned(NamedTuple):
    """An episode was learned from."""

    record: EpisodeRecord


class NotLearned(NamedTuple):
    """An accepted episode could not be learned from, and why."""

    reason: str


class Finished(NamedTuple):
    """The last episode was learned from."""


class Unwritten(NamedTuple):
    """Everything waits for the disk, and why."""

    reason: str


class Written(NamedTuple):
    """Everything is on disk again."""


Output = (PublishWeights | SetSeed | Reset | Accepted | Learn | RollBack | Discarded | Waiting
          | Learned | NotLearned | Finished | Unwritten | Written)
