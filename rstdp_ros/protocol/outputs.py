"""What adaptation's side of the protocol asks of its node."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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
    """An episode to learn from; go on with the protocol's :meth:`begin`."""

    episode_id: str
    seed: int
    rasters: np.ndarray
    episode_return: float


class Discarded(NamedTuple):
    """An episode that teaches nothing, and why; it is run again unless the environment paces."""

    reason: str
    in_a_row: int


class Waiting(NamedTuple):
    """The environment begins no episode yet, and why; it is asked again soon."""

    reason: str


Output = PublishWeights | SetSeed | Reset | Accepted | Discarded | Waiting
