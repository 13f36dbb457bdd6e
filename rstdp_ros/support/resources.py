"""Where the files that ship with the package lie: source tree, ROS workspace or pip install."""

from __future__ import annotations

import os
from pathlib import Path
import sys

from rstdp_ros.support.errors import RstdpError


def share_path(relative: str) -> Path:
    """
    Find a shipped file or folder.

    :param relative: such as ``models/cartpole_0.npz``.
    :raises RstdpError: it is nowhere.
    """
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    source = Path(__file__).resolve().parents[2]
    candidates = [source] if (source / 'package.xml').exists() else []
    candidates += [prefix / 'share' / 'rstdp_ros' for prefix in (*prefixes, Path(sys.prefix))]
    for folder in candidates:
        if (folder / relative).exists():
            return folder / relative
    raise RstdpError(f'{relative} is not in {", ".join(map(str, candidates))}; '
                     'is the package installed whole?')


def model_path(name: str) -> Path:
    """
    Find a network by path, or by the name of a shipped one such as ``cartpole_0``.

    :return: the path; of a shipped network where no such file exists but such a name does.
    """
    path = Path(name)
    if not path.exists() and path.parent == Path('.'):
        try:
            return share_path(f'models/{path.stem}.npz')
        except RstdpError:
            return path  # whoever reads it says that it is missing
    return path
