"""A plant's appearance from the side, in metres; colours are chosen where it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

# Kinds of parts: fixed ground, a limit that ends the episode, a solid body, a thin rod, a joint.
KINDS = ('ground', 'limit', 'body', 'link', 'joint')
Point = tuple[float, float]


class Part(NamedTuple):
    """
    One thing to draw.

    :param kind: one of ``KINDS``.
    :param points: (x, y) m; the corners of a body, one point for a joint, else a line.
    """

    kind: str
    points: tuple[Point, ...]


class View(NamedTuple):
    """The area that must be in the picture, m."""

    left: float
    right: float
    bottom: float
    top: float


class Sketch(NamedTuple):
    """
    How to draw a task.

    :param view: physics -> :class:`View`, the same for a whole episode.
    :param parts: (joints, physics) -> parts, in the same number and order for every pose; later
        ones cover earlier ones.
    """

    view: Callable[[Any], View]
    parts: Callable[[Any, Any], tuple[Part, ...]]
