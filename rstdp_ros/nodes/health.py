"""A node's state as rqt_robot_monitor or Foxglove show it, and its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.node import Node
from rstdp_ros.support.untrusted import shortened

PERIOD = 1.0
RECENT = 5.0
LOG_EVERY = 1.0


@dataclass
class Stream:
    """
    The number of messages on a topic, and when the last one came.

    :param blocked: whether there was a publisher whose QoS does not match.
    """

    count: int = 0
    last: float | None = None
    blocked: bool = False
    _reported: int = 0

    def tick(self) -> None:
        """Count a message."""
        self.count += 1
        self.last = time.monotonic()

    def values(self, elapsed: float, now: float) -> dict[str, str]:
        """
        Return rate and age as text.

        :param elapsed: s since the last call.
        """
        new, self._reported = self.count - self._reported, self.count
        age = 'never' if self.last is None else f'{now - self.last:.2f}'
        return {'per second': f'{new / elapsed:.1f}', 'age (s)': age}


class Health:
    """
    The node's entry on /diagnostics, once per second, and its faults and events in the log.

    OK, or WARN for some seconds after a fault and while ``doubts`` says what may be wrong, or
    ERROR while ``stopped`` says why the node does not do its work. Text that may hold others'
    words is shortened.

    :param node: whose.
    """

    def __init__(self, node: Node) -> None:
        self.counters: Counter[str] = Counter()
        self.values: dict[str, str] = {}
        self.stopped: Callable[[], str] = str
        self.doubts: Callable[[], str] = str
        self._node = node
        self._last_fault, self._faulted_at = '', -RECENT
        # Per kind: a flood of one must not hide another.
        self._logged_at: dict[str, float] = {}
        self._published_at = time.monotonic()
        self._measures: dict[str, Callable[[], object]] = {}
        self._streams: dict[str, Stream] = {}
        self._shared: list[Mapping[str, int]] = []
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._timer = steady_timer(node, PERIOD, self.publish)

    def include(self, counters: Mapping[str, int]) -> None:
        """Show the counters of a core object as well."""
        self._shared.append(counters)

    def watch(self, name: str, measure: Callable[[], object]) -> None:
        """Show the current result of a function."""
        self._measures[name] = measure

    def stream(self, topic: str) -> Stream:
        """Return the counter of a topic's messages; rate and age are shown."""
        return self._streams.setdefault(topic, Stream())

    def fault(self, kind: str, reason: object) -> None:
        """Count a refused message or request, remember the reason and log it from time to time."""
        now = time.monotonic()
        self.counters[kind] += 1
        self._last_fault, self._faulted_at = shortened(f'{kind}: {reason}'), now
        if now - self._logged_at.get(kind, -LOG_EVERY) >= LOG_EVERY:
            self._logged_at[kind] = now
            self._node.get_logger().warning(self._last_fault)

    def event(self, kind: str, what: str) -> None:
        """Count, show and log something that a person did or should know."""
        self.counters[kind] += 1
        self.values['last event'] = what = shortened(what)
        self._node.get_logger().info(what)

    def publish(self) -> None:
        """Publish the current state."""
        now = time.monotonic()
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        level, summary = self._state(now)
        message.status = [DiagnosticStatus(
            level=level, name=self._node.get_fully_qualified_name(), hardware_id='rstdp_ros',
            message=summary,
            values=[KeyValue(key=k, value=shortened(v))
                    for k, v in self._all_values(now).items()])]
        self._published_at = now
        self._publisher.publish(message)

    def _state(self, now: float) -> tuple[bytes, str]:
        stopped, doubts = _said(self.stopped), _said(self.doubts)
        if stopped:
            return DiagnosticStatus.ERROR, stopped
        if doubts:
            return DiagnosticStatus.WARN, doubts
        deaf = [topic for topic, s in self._streams.items() if s.blocked and not s.count]
        if deaf:
            return DiagnosticStatus.WARN, f'QoS of {", ".join(deaf)} does not match'
        if now - self._faulted_at < RECENT:
            return DiagnosticStatus.WARN, self._last_fault
        return DiagnosticStatus.OK, 'ok'

    def _all_values(self, now: float) -> dict[str, str]:
        elapsed = max(now - self._published_at, 1e-3)
        counters = [c for counter in (self.counters, *self._shared) for c in counter.items()]
        return {
            **self.values, **{name: _said(measure) for name, measure in self._measures.items()},
            **{f'{topic} {key}': value for topic, stream in self._streams.items()
               for key, value in stream.values(elapsed, now).items()},
            **{name: str(n) for name, n in counters}, 'last fault': self._last_fault or 'none'}


def _said(measure: Callable[[], object]) -> str:
    """Return a function's result, shortened; one that fails must not silence the others."""
    try:
        return shortened(measure())
    except Exception as error:
        return f'unknown ({type(error).__name__})'
