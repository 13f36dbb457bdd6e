"""Counters and the last fault of a node, in its log and on /diagnostics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from rstdp_ros.nodes.clock import steady_timer

PERIOD = 1.0
RECENT = 5.0
LOG_EVERY = 1.0


class Health:
    """
    What a person with rqt_robot_monitor or Foxglove sees of a node.

    :param node: whose.
    """

    def __init__(self, node: Node) -> None:
        self.counters: Counter[str] = Counter()
        self.values: dict[str, str] = {}
        self._node = node
        self._last_fault, self._faulted_at, self._logged_at = '', -RECENT, -LOG_EVERY
        self._measures: dict[str, Callable[[], object]] = {}
        self._shared: list[Mapping[str, int]] = []
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._timer = steady_timer(node, PERIOD, self.publish)

    def include(self, counters: Mapping[str, int]) -> None:
        """Show the counters of a core object too."""
        self._shared.append(counters)

    def watch(self, name: str, measure: Callable[[], object]) -> None:
        """Show what a function returns at the time."""
        self._measures[name] = measure

    def fault(self, kind: str, reason: object) -> None:
        """Count a message or request that was refused, remember why and log it now and then."""
        now = time.monotonic()
        self.counters[kind] += 1
        self._last_fault, self._faulted_at = f'{kind}: {reason}', now
        if now - self._logged_at >= LOG_EVERY:
            self._logged_at = now
            self._node.get_logger().warning(self._last_fault)

    def publish(self) -> None:
        """Send the present state."""
        recent = time.monotonic() - self._faulted_at < RECENT
        counters = [c for counter in (self.counters, *self._shared) for c in counter.items()]
        measured = {name: str(measure()) for name, measure in self._measures.items()}
        values = {**self.values, **measured, **{name: str(n) for name, n in counters},
                  'last fault': self._last_fault or 'none'}
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [DiagnosticStatus(
            level=DiagnosticStatus.WARN if recent else DiagnosticStatus.OK,
            name=self._node.get_fully_qualified_name(), hardware_id='rstdp_ros',
            message=self._last_fault if recent else 'ok',
            values=[KeyValue(key=k, value=v) for k, v in values.items()])]
        self._publisher.publish(message)
