"""What is not known of a plant, and how far from its nominal value it may be."""

from __future__ import annotations

from typing import NamedTuple


class Unknown(NamedTuple):
    """
    A parameter that identification looks for.

    :param name: in the task's table of physics.
    :param group: unknowns that a model has together or not at all; a task lists its groups in
        the order in which a model grows.
    :param spread: standard deviation of what is expected before anything was seen: of the
        logarithm where ``logarithmic``, else in the parameter's own unit. The mean is the
        table's default.
    """

    name: str
    group: str
    spread: float
    logarithmic: bool = False
