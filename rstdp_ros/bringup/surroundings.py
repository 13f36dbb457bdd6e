"""What ROS 2 needs from its environment, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
import os
from pathlib import Path
import re

from rstdp_ros.support.errors import RstdpError

NAMESPACE = re.compile(r'/?([A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*/?)?')


def check_surroundings(namespace: str, variables: Mapping[str, str] = os.environ) -> None:
    """
    Refuse surroundings in which no node could start.

    :param namespace: of the graph, with or without its leading slash.
    :raises RstdpError: an invalid namespace, or no folder for ROS's logs.
    """
    if not NAMESPACE.fullmatch(namespace):
        raise RstdpError(f'{namespace!r} is no namespace: use letters, digits and underscores, '
                         'and no digit first, between slashes')
    folder = log_folder(variables)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(None, 'not writable')
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise RstdpError(f"{folder}: ROS's logs cannot be kept there ({reason}); set ROS_LOG_DIR "
                         'to another folder') from None


def log_folder(variables: Mapping[str, str]) -> Path:
    """
    Return where ROS keeps its logs.

    :raises RstdpError: no variable tells the folder.
    """
    if variables.get('ROS_LOG_DIR'):
        return Path(variables['ROS_LOG_DIR']).expanduser()
    home = variables.get('ROS_HOME') or (variables.get('HOME') and f'{variables["HOME"]}/.ros')
    if not home:
        raise RstdpError('HOME is not set, so ROS 2 knows no folder for its logs; set ROS_LOG_DIR')
    return Path(home).expanduser() / 'log'
