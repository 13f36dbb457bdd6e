"""Real-time scheduling: on a busy computer a control cycle must not wait for others."""

from __future__ import annotations

import os
from pathlib import Path

from rclpy.node import Node

from rstdp_ros.nodes.health import Health

THREADS = Path('/proc/self/task')


def raise_priority(node: Node, health: Health, priority: int) -> None:
    """
    Schedule all threads of this process first-in, first-out (SCHED_FIFO), as ros2_control does.

    Without the permission (``rtprio`` in /etc/security/limits.conf) nothing changes, and
    /diagnostics says so.

    :param priority: 1 to 99; 0 changes nothing.
    """
    if not priority:
        return
    try:
        for thread in THREADS.iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        health.fault('priorities refused', f'thread_priority {priority}: {error.strerror}; allow '
                     'rtprio in /etc/security/limits.conf')
        return
    node.get_logger().info(f'scheduled with real-time priority {priority}')
