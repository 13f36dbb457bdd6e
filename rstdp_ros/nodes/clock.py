"""Steady time: time-outs and watchdogs must not follow a simulated or corrected clock."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.timer import Timer

from rstdp_ros.nodes.node import Node


def steady_timer(node: Node, period: float, callback: Callable[[], None]) -> Timer:
    """
    Call back periodically in steady time.

    :param period: s.
    """
    return node.create_timer(period, callback, clock=node.steady_clock)
