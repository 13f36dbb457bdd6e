"""A task in a simulator that is not its own equations."""

from __future__ import annotations

from typing import NamedTuple


class Simulated(NamedTuple):
    """
    A task as another simulator embodies it.

    :param env_id: of its Gymnasium environment.
    :param physics: the table of that plant's parameters, instead of the task's.
    :param entry_point: 'module:class' of the environment; it is made with the task's name.
    """

    env_id: str
    physics: type
    entry_point: str
