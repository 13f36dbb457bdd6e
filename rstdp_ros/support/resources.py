"""Where to find the package's own files: source tree, ROS workspace or pip install."""

from __future__ import annotations

import os
from pathlib import Path
import sys

from rstdp_ros.support.errors import RstdpError


def share_path(relative: str) -> Path:
    """
    Find a shipped file or folder.

    :param relative: a path such as ``models/cartpole_0.npz``.
    :raises RstdpError: it was not found.
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

    :return: the path; that of a shipped network if no such file exists but a shipped name matches.
    """
    path = Path(name)
    if path.suffix in ('', '.npz') and path.parent == Path('.') and not path.is_file():
        try:
            return share_path(f'models/{path.stem}.npz')
        except RstdpError:
            return path  # reading it will report that it is missing
    return path
