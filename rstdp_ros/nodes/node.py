"""
The boundary of trust around a node: whatever a callback raises, the node continues.

rclpy ends the process when a callback raises; if the message that caused it is latched, it also
ends every process after it. Its own callbacks, for parameters and simulated time, can raise too.
So all callbacks of a node, rclpy's included, are wrapped here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import faulthandler
from pathlib import Path
import traceback
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node as RclpyNode
from rclpy.serialization import deserialize_message
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from rosgraph_msgs.msg import Clock

import rstdp_ros
from rstdp_ros.backends import BackendLostError
from rstdp_ros.nodes.bus import Bus
from rstdp_ros.support.untrusted import shortened

PACKAGE = str(Path(rstdp_ros.__file__).parent)
UNEXPECTED, NOT_UNDERSTOOD = 'unexpected errors', 'refused by rclpy'
NANOSECONDS = 1_000_000_000
# Bytes before the content of a message.
ENCAPSULATION = 4
# Number of calls of a traceback that are logged, for a maintainer.
FRAMES = 12
# Joining takes less than a second; DDS may wait for ever for one that was killed, s.
JOIN_LIMIT = 60.0
STDERR = 2


class Node(RclpyNode):
    """
    A node whose callbacks cannot end it; their errors are counted and logged once per place.

    :ivar health: told of every error, if there is one.
    :ivar bus: between the nodes of one process, if there are several.
    """

    health: Any = None
    bus: Bus | None = None

    def __init__(self, name: str) -> None:
        self._places: set[str] = set()
        self._calls: dict[Any, Any] = {}
        with joining():
            super().__init__(name)

    def make_safe(self, reason: str) -> None:
        """Stop motion that may be left half done; nodes that move something override it."""

    def failed(self, error: Exception) -> str:
        """
        Count and log a callback's error, and make safe if it came through our code.

        :return: the error in one sentence.
        :raises BackendLostError: as it is; the remedy is to restart the process.
        """
        if isinstance(error, BackendLostError):
            raise error
        place, reason = place_of(error), shortened(f'{type(error).__name__}: {error}')
        if place and place not in self._places:
            self._places.add(place)
            trace = ''.join(traceback.format_tb(error.__traceback__, limit=-FRAMES))
            self.get_logger().error(f'unexpected error, please report it:\n{trace}{reason}')
        if self.health:
            self.health.fault(*((UNEXPECTED, f'{reason} ({place})') if place else
                                (NOT_UNDERSTOOD, reason)))
        if place:
            self._make_safe(f'{reason} ({place})')
        return reason

    def _make_safe(self, reason: str) -> None:
        try:
            self.make_safe(reason)
        except Exception as error:
            self.get_logger().error(f'not made safe: {shortened(repr(error))}')

    def guarded(self, callback: Callable[..., Any],
                fallback: Callable[..., Any] = lambda reason, *values: None
                ) -> Callable[..., Any]:
        """
        Wrap a callback in the boundary.

        :param fallback: makes the answer after an error, from its sentence and the call's
            arguments.
        """
        def call(*values: Any) -> Any:
            try:
                return callback(*values)
            except Exception as error:
                return fallback(self.failed(error), *values)
        return call

    def create_subscription(  # type: ignore[override]
            self, kind: type, topic: str, callback: Callable[[Any], None], profile: Any,
            **choices: Any) -> Subscription:
        """Subscribe, within the boundary; impossible times and empty content are refused."""
        if kind is Clock:
            callback = self._checked_clock(callback)
        if kind is DiagnosticStatus and not choices.get('raw'):
            callback, choices['raw'] = self._decoded(kind, callback), True
        return super().create_subscription(kind, topic, self.guarded(callback), profile,
                                           **choices)

    def create_service(  # type: ignore[override]
            self, kind: type, name: str, callback: Callable[[Any, Any], Any],
            **choices: Any) -> Service:
        """Serve, within the boundary: an error is an answer too, and no answer is too long."""
        def serve(request: Any, response: Any) -> Any:
            return _short(callback(request, response))
        return super().create_service(kind, name, self.guarded(serve, _refusal), **choices)

    def ask(self, client: Any, request: Any, done: Callable[[Any], None]) -> None:
        """
        Call a service.

        An earlier call without an answer is given up, or rclpy would wait for it for ever.

        :param done: gets the future of the answer, within the boundary.
        """
        earlier = self._calls.get(client)
        if earlier is not None and not earlier.done():
            client.remove_pending_request(earlier)
        self._calls[client] = client.call_async(request)
        self._calls[client].add_done_callback(self.guarded(done))

    def create_timer(  # type: ignore[override]
            self, period: float, callback: Callable[[], None], *values: Any,
            **choices: Any) -> Timer:
        """Call back periodically, within the boundary."""
        call = self.guarded(callback)
        # rclpy passes information to callbacks that take an argument.
        return super().create_timer(period, lambda: call(), *values, **choices)

    def add_on_set_parameters_callback(self, callback: Callable[[Any], Any]) -> None:
        """Ask before parameters are set, within the boundary: an error refuses them."""
        super().add_on_set_parameters_callback(self.guarded(
            callback, lambda reason, _: SetParametersResult(successful=False, reason=reason)))

    def _decoded(self, kind: type, callback: Callable[[Any], None]) -> Callable[[bytes], None]:
        """Decode messages here: of this kind, rclpy 9 crashes at one without content."""
        def decode(data: bytes) -> None:
            if len(data) <= ENCAPSULATION:
                raise ValueError('a message without content')
            callback(deserialize_message(data, kind))
        return decode

    def _checked_clock(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        def check(message: Any) -> None:
            now = message.clock
            if now.sec >= 0 and now.nanosec < NANOSECONDS:
                callback(message)
            elif self.health:
                self.health.fault('times refused', f'/clock of {now.sec} s and {now.nanosec} ns')
        return check


@contextmanager
def joining() -> Iterator[None]:
    """
    End the process if it does not join the other ones in time, so that it is started again.

    It ends from a thread of its own, with a traceback: what hangs may hold the interpreter.
    """
    faulthandler.dump_traceback_later(JOIN_LIMIT, exit=True, file=STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def place_of(error: Exception) -> str:
    """Name the innermost line of this package that an error came through; '' if there is none."""
    ours = [f for f in traceback.extract_tb(error.__traceback__)
            if f.filename.startswith(PACKAGE) and f.filename != __file__]
    return f'{Path(ours[-1].filename).name} {ours[-1].lineno}' if ours else ''


def _short(response: Any) -> Any:
    """Cut what a reply repeats of its caller's words."""
    if hasattr(response, 'message'):
        response.message = shortened(response.message)
    for result in _results(response):
        result.reason = shortened(result.reason)
    return response


def _results(response: Any) -> list[SetParametersResult]:
    results = getattr(response, 'results', None) or [getattr(response, 'result', None)]
    return [result for result in results if isinstance(result, SetParametersResult)]


def _refusal(reason: str, request: Any, response: Any) -> Any:
    """Answer a request that led to an error."""
    fresh, refused = type(response)(), SetParametersResult(successful=False, reason=reason)
    if hasattr(fresh, 'message'):
        fresh.message = reason
    elif hasattr(fresh, 'results'):
        # Those before the one that raised are in force.
        done = list(response.results)
        fresh.results = done + (len(request.parameters) - len(done)) * [refused]
    elif isinstance(getattr(fresh, 'result', None), SetParametersResult):
        fresh.result = refused
    return fresh
