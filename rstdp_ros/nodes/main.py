"""The life of a node process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import gc
import signal
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from rstdp_ros.bringup import EXIT_BAD_INPUT
from rstdp_ros.errors import RstdpError
from rstdp_ros.orphans import end_with_parent

STOP_LATENCY = 0.1
# Ctrl-C, kill, a terminal that closes, Ctrl-\.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def make_executor() -> SingleThreadedExecutor:
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
    :param linger: s for which to go on after being told to stop.
    :param over: whether a node has nothing left to do.
    :return: exit code: 0 stopped on demand, 2 a parameter that cannot work.
    """
    stopped: list[int] = []
    # ROS's own handlers would end the context, or Python's interrupt the code, in the middle of
    # a callback: between the update of the weights and its checkpoint, say.
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, frame: stopped.append(number))
    end_with_parent()
    node = None
    try:
        try:
            node = make()
        except RstdpError as error:
            print(f'rstdp_ros: error: {error}', file=sys.stderr, flush=True)
            return EXIT_BAD_INPUT
        executor = make_executor()
        executor.add_node(node)
        # What was made so far stays: the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        node.get_logger().info('ready')
        while rclpy.ok() and not stopped and not over(node):
            executor.spin_once(timeout_sec=STOP_LATENCY)
        until = time.monotonic() + linger
        while rclpy.ok() and time.monotonic() < until:
            executor.spin_once(timeout_sec=STOP_LATENCY)
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
