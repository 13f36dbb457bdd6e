"""The unknown parameters of a plant, and their expected distance from nominal values."""

from __future__ import annotations

from typing import NamedTuple


class Unknown(NamedTuple):
    """
    A parameter that identification looks for.

    :param name: in the task's table of physics.
    :param group: name of unknowns that a model has together or not at all; a task lists its groups
        in the order in which a model grows.
    :param spread: standard deviation of the prior: of the logarithm if ``logarithmic``, otherwise
        in the parameter's own unit. Its mean is the table's default.
    """

    name: str
    group: str
    spread: float
    logarithmic: bool = False
