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
    if not parent or sys.platform != 'linux':
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if str(os.getppid()) != parent:  # it was too late to be told
        os.kill(os.getpid(), signal.SIGTERM)
