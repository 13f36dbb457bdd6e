"""Steady time: time-outs and watchdogs must not follow a simulated or corrected clock."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer

# One for the timers of each node: many timers on one clock are slow.
_CLOCKS: WeakKeyDictionary[Node, Clock] = WeakKeyDictionary()


def steady_timer(node: Node, period: float, callback: Callable[[], None]) -> Timer:
    """
    Call back periodically in steady time.

    :param period: s.
    """
    if node not in _CLOCKS:
        _CLOCKS[node] = Clock(clock_type=ClockType.STEADY_TIME)
    return node.create_timer(period, callback, clock=_CLOCKS[node])
