"""
Processes that end with the one that started them.

A killed launch leaves its nodes running, and with them a robot. So the process that starts nodes
names itself in their environment, and the nodes ask the kernel to signal them when it ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT = 'RSTDP_ROS_PARENT'
PR_SET_PDEATHSIG = 1


def parent_variable() -> dict[str, str]:
    """Return the variable that tells children which process started them."""
    return {PARENT: str(os.getpid())}


def end_with_parent() -> None:
    """
    Have this process end as if by SIGTERM when the one named in its environment is gone.

    Without such a name, or on another system than Linux, nothing happens.
    """
    parent = os.environ.pop(PARENT, '')
    if parent:
        _end_with(parent, signal.SIGTERM)


def end_children_too() -> None:
    """
    Have every process that this one forks from now on killed when this one is gone.

    For libraries that start their own processes.
    """
    parent = str(os.getpid())
    os.register_at_fork(after_in_child=lambda: _end_with(parent, signal.SIGKILL))


def _end_with(parent: str, number: signal.Signals) -> None:
    if sys.platform != 'linux':
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if str(os.getppid()) != parent:  # the parent ended before the request
        os.kill(os.getpid(), number)
