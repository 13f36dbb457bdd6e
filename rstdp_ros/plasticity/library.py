"""Simulated plants as prior knowledge: the returns of gains on each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
import hashlib
import io
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from rstdp_ros.support.archives import read_arrays
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import from_json, whole
from rstdp_ros.support.resources import share_path
from rstdp_ros.support.untrusted import read_file, refusing, shortened

FORMAT, VERSION = 'rstdp_ros library', 1
MAX_BYTES = 4 * 2**20
SUFFIX = '.library.npz'
ARRAYS = ('points', 'means', 'spreads')


@dataclass(frozen=True, eq=False)
class Library:
    """
    Log gains of one network, and their returns on plants.

    Returns are in :func:`logarithmic` form, float64.

    :param network: digest of the network that has the gains.
    :param points: (n, size) log gains; the first are zeros.
    :param means: (plants, n) of the returns.
    :param spreads: (plants, n) standard deviation of the returns.
    :param starts: the number of returns of each.
    :param origin: how it was made, in plain values.
    :raises RstdpError: arrays that do not fit each other.
    """

    network: str
    points: np.ndarray
    means: np.ndarray
    spreads: np.ndarray
    starts: int
    origin: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.means.ndim != 2 or not (
                self.means.shape == self.spreads.shape and self.means.size
                and self.means.shape[1] == len(self.points)):
            raise RstdpError('its arrays do not fit each other')
        if not all(np.isfinite(a).all() for a in (self.points, self.means, self.spreads)) or (
                self.points[0].any() or (self.spreads < 0.0).any() or self.starts < 1):
            raise RstdpError('it holds numbers that no library has')

    @property
    def errors(self) -> np.ndarray:
        """Standard errors of the means."""
        return self.spreads / math.sqrt(self.starts)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over its arrays as stored, little-endian float32."""
        return hashlib.sha256(b''.join(
            getattr(self, name).astype('<f4').tobytes() for name in ARRAYS)).hexdigest()


def logarithmic(returns: np.ndarray) -> np.ndarray:
    """Return ``sign(r) log(1 + |r|)``, since returns count steps and scatter in proportion."""
    return np.copysign(np.log1p(np.abs(returns)), returns)


def save_library(library: Library, path: str | Path) -> None:
    """Write a library, completely or not at all; float32 is precise enough."""
    header = {'format': FORMAT, 'version': VERSION, 'network': library.network,
              'starts': library.starts, 'origin': dict(library.origin)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, header=np.array(json.dumps(header)), **{
        name: getattr(library, name).astype(np.float32) for name in ARRAYS})
    write_atomically(path, buffer.getvalue())


def load_library(path: str | Path) -> Library:
    """
    Read a library.

    :raises RstdpError: missing, damaged, foreign or inconsistent file; names the file.
    """
    data = read_file(path, MAX_BYTES)
    with refusing(path):
        try:
            return _library(read_arrays(data, MAX_BYTES))
        except RstdpError as error:
            raise RstdpError(f'{path}: {shortened(error)}') from None


def _library(arrays: Mapping[str, np.ndarray]) -> Library:
    header = from_json(str(arrays['header'][()]))
    if header['format'] != FORMAT or header['version'] != VERSION:
        raise RstdpError(f'not a library of version {VERSION}')
    if any(arrays[name].dtype != np.float32 for name in ARRAYS):
        raise RstdpError('its arrays are not float32')
    points, means, spreads = (arrays[name].astype(np.float64) for name in ARRAYS)
    return Library(str(header['network']), points, means, spreads,
                   whole('starts', header['starts']), dict(header['origin']))


def library_of(network: str) -> Library | None:
    """
    Return the library of a network, shipped or the user's own; None if there is none.

    :param network: its digest.
    :raises RstdpError: a damaged library.
    """
    home = Path(os.environ.get('ROS_HOME') or '~/.ros').expanduser()
    return _library_in((share_path('models'), home / 'rstdp_ros' / 'libraries'), network)


@lru_cache(maxsize=8)
def _library_in(folders: Sequence[Path], network: str) -> Library | None:
    paths = (path for folder in folders for path in sorted(folder.glob(f'*{SUFFIX}')))
    return next((one for one in map(load_library, paths) if one.network == network), None)
