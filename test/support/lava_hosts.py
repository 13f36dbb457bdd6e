"""Processes that run Lava."""

from importlib.util import find_spec
import os
from pathlib import Path

LAVA = find_spec('lava') is not None


def hosts(mark):
    """List the processes that run Lava with the variable MARK in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            texts = [Path('/proc', pid, name).read_bytes() for name in ('environ', 'cmdline')]
        except OSError:
            continue
        if f'MARK={mark}'.encode() in texts[0] and b'backends.lava.host' in texts[1]:
            found.append(int(pid))
    return found
