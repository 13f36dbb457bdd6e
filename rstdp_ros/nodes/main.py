"""The life of a node process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
import gc
import signal
import sys
import time
from typing import Any

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from rstdp_ros.nodes.bus import Bus
from rstdp_ros.nodes.node import joining, Node
from rstdp_ros.nodes.parameters import refuse_undeclared
from rstdp_ros.support.errors import EXIT_BAD_INPUT, RstdpError
from rstdp_ros.support.orphans import end_with_parent
from rstdp_ros.support.untrusted import shortened

STOP_LATENCY = 0.1
# Pause after an error of rclpy's own, which the next call may raise again, s.
PAUSE = 0.001
# Errors that the user can fix and a restart cannot.
BAD_INPUT = (RstdpError, NameValidationException, OSError)
# Ctrl-C, kill, a terminal that closes, Ctrl-\.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def make_executor() -> Executor:
    """
    Return the fastest executor there is.

    The events executor handles about 1.5 times as many messages; older releases lack it.
    """
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor()
    return EventsExecutor()


def run_node(make: Callable[[], Node], arguments: Sequence[str] | None = None,
             linger: float = 0.0,
             over: Callable[[Any], bool] = lambda node: False) -> int:
    """
    Start ROS, spin a node until it is told to stop, and clean up.

    :param make: makes the node once ROS is up.
    :param arguments: of the process if None.
    :param linger: time to continue after being told to stop, s.
    :param over: says whether a node has nothing left to do.
    :return: exit code: 0 stopped on demand, 2 a parameter that cannot work.
    """
    return run_nodes((make,), arguments, linger, over)


def run_nodes(makes: Sequence[Callable[[], Node]], arguments: Sequence[str] | None = None,
              linger: float = 0.0, over: Callable[[Any], bool] = lambda node: False,
              bus: Bus | None = None) -> int:
    """
    Do so with several nodes.

    :param over: asked about the first one.
    :param bus: between them.
    """
    Node.bus = bus
    stopped: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, frame: stopped.append(number))
    nodes: list[Node] = []
    try:
        start_ros(arguments)
        end_with_parent()
        for make in makes:
            nodes.append(make())
            refuse_undeclared(nodes[-1])
    except Exception as error:
        # A node made only in part may fail to end, and that must not hide the reason.
        with suppress(Exception):
            rclpy.try_shutdown()
        if not isinstance(error, BAD_INPUT):
            raise
        complain(error)
        return EXIT_BAD_INPUT
    first = nodes[0]
    try:
        executor = make_executor()
        for node in nodes:
            executor.add_node(node)
        # The objects made so far stay: the garbage collector need not check them again and again.
        gc.collect()
        gc.freeze()
        for node in nodes:
            node.get_logger().info('ready')
        if bus:
            bus.start(executor.create_task)
        spin(first, executor, lambda: bool(stopped) or over(first))
        until = time.monotonic() + linger
        spin(first, executor, lambda: time.monotonic() >= until)
    finally:
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
        # Python drops its handlers as it ends, and another Ctrl-C would change the exit code.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
    return 0


def start_ros(arguments: Sequence[str] | None) -> None:
    """
    Start ROS.

    :raises RstdpError: it cannot start with these arguments.
    """
    try:
        # ROS's own handlers would end the context, or Python's interrupt the code, in the middle
        # of a callback: between the update of the weights and its checkpoint, say.
        with joining():
            rclpy.init(args=arguments,  # type: ignore[arg-type]  # any sequence will do
                       signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:
        raise RstdpError(f'ROS 2 does not start: {shortened(error)}') from None


def spin(node: Node, executor: Executor, over: Callable[[], bool]) -> None:
    """Handle callbacks until it is over; errors of rclpy itself do not end it either."""
    while rclpy.ok() and not over():
        try:
            executor.spin_once(timeout_sec=STOP_LATENCY)
        except ExternalShutdownException:
            return
        except Exception as error:
            node.failed(error)
            time.sleep(PAUSE)


def complain(error: Exception) -> None:
    """Say in one line why there is no node, even if a full disk is behind stderr."""
    with suppress(OSError):
        print(f'rstdp_ros: error: {shortened(error)}', file=sys.stderr, flush=True)
