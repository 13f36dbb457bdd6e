"""Messages between the nodes of one process, past the middleware."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile

# After so long the executor has its turn: timers, services, messages of other processes.
TURN = 0.005


class Bus:
    """
    Calls the callbacks of a topic with the very message that was published.

    Messages arrive in the order in which they were sent, each everywhere before what it caused.
    Whoever sends one object again and again may change it then, but not before.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[Any], None]]] = defaultdict(list)
        self._waiting: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._call_later: Callable[[Callable[[], None]], Any] | None = None
        self._delivering = False

    def listen(self, topic: str, callback: Callable[[Any], None]) -> None:
        """Call back for every message; the topic's name is a full one."""
        self._listeners[topic].append(callback)

    def publisher(self, publisher: Publisher, profile: QoSProfile) -> BusPublisher:
        """Return a publisher for the nodes of this process and others."""
        return BusPublisher(self, publisher, profile)

    def listeners(self, topic: str) -> int:
        """Count the callbacks of a topic."""
        return len(self._listeners[topic])

    def start(self, later: Callable[[Callable[[], None]], Any]) -> None:
        """
        Deliver what was sent, and from now on at once.

        :param later: calls a function soon: ``create_task`` of the executor.
        """
        self._call_later = later
        self._later()

    def send(self, topic: str, message: Any) -> None:
        """Deliver a message, soon if others are being delivered."""
        self._waiting.extend((callback, message) for callback in self._listeners[topic])
        if self._call_later and not self._delivering:
            self._deliver()

    def _later(self) -> None:
        self._delivering = True
        self._call_later(self._deliver)

    def _deliver(self) -> None:
        self._delivering, until = True, monotonic() + TURN
        try:
            while self._waiting:
                if monotonic() >= until:
                    self._later()
                    return
                callback, message = self._waiting.popleft()
                callback(message)
        except BaseException:
            self._delivering = False
            raise
        self._delivering = False


class BusPublisher:
    """A publisher whose messages go through the middleware only if other processes listen."""

    def __init__(self, bus: Bus, publisher: Publisher, profile: QoSProfile) -> None:
        self._bus, self._publisher = bus, publisher
        # Whoever comes later gets the last message.
        self._kept = profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
        self._topic = publisher.topic_name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._publisher, name)

    def publish(self, message: Any) -> None:
        """Publish."""
        # Others first: what a message causes here is sent before this returns.
        ours = self._bus.listeners(self._topic)
        if self._kept or self._publisher.get_subscription_count() > ours:
            self._publisher.publish(message)
        self._bus.send(self._topic, message)
