"""A task in a simulator other than its own equations."""

from __future__ import annotations

from typing import NamedTuple


class Simulated(NamedTuple):
    """
    A task in another simulator.

    :param env_id: id of its Gymnasium environment.
    :param physics: the table of that plant's parameters, instead of the task's.
    :param entry_point: 'module:class' of the environment; it is made with the task's name.
    """

    env_id: str
    physics: type
    entry_point: str
