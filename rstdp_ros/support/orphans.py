"""
Processes that end with the one that started them.

A launch that is killed leaves its nodes running, and with them a robot. So whoever starts nodes
names itself in their environment, and the nodes ask the kernel to be told of its end.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT = 'RSTDP_ROS_PARENT'
PR_SET_PDEATHSIG = 1


def parent_variable() -> dict[str, str]:
    """Return the variable by which children know this process."""
    return {PARENT: str(os.getpid())}


def end_with_parent() -> None:
    """
    Have this process end like by SIGTERM when the one named in its environment is gone.

    Without such a name nothing happens; nor elsewhere than on Linux.
    """
    parent = os.environ.pop(PARENT, '')
    if parent:
        _end_with(parent, signal.SIGTERM)


def end_children_too() -> None:
    """
    Have every process that this one forks from now on be killed when this one is gone.

    For libraries that start processes of their own.
    """
    parent = str(os.getpid())
    os.register_at_fork(after_in_child=lambda: _end_with(parent, signal.SIGKILL))


def _end_with(parent: str, number: signal.Signals) -> None:
    if sys.platform != 'linux':
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if str(os.getppid()) != parent:  # it was too late to be told
        os.kill(os.getpid(), number)
