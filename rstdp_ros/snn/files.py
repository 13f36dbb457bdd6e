"""
The network file: a numpy .npz with W1, W2, W3 and one JSON string of metadata.

Version 1 holds a network of floating point; version 2 a quantised one, whose metadata have the
scales too and whose weights are float32 all the same. The same bytes travel on the ``weights``
topic, so reading trusts nothing: no pickles, a limit on the size, and every field is checked.
"""

from __future__ import annotations

from functools import lru_cache
import io
import json
from pathlib import Path
from typing import Any
import zipfile

import numpy as np

from rstdp_ros.atomic import write_atomically
from rstdp_ros.errors import RstdpError
from rstdp_ros.snn.network import SpikingQNetwork

FORMAT = 'rstdp_ros network'
FLOAT_VERSION, FIXED_VERSION = 1, 2
MAX_BYTES = 16 * 2**20
WEIGHTS = ('W1', 'W2', 'W3')
REQUIRED = ('task', 'sizes', 'alpha', 'beta', 'threshold', 'ticks', 'action_efforts')


class NetworkFileError(RstdpError):
    """A network file that cannot be used, and why."""


def save_network(network: SpikingQNetwork, path: str | Path) -> None:
    """
    Write a network file, whole or not at all.

    :raises NetworkFileError: it cannot be written there.
    """
    try:
        write_atomically(path, network_to_bytes(network))
    except OSError as error:
        raise NetworkFileError(f'{path}: cannot be written ({error.strerror})') from None


def load_network(path: str | Path) -> SpikingQNetwork:
    """
    Read a network file.

    :raises NetworkFileError: missing, damaged, foreign or inconsistent file; names the file.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NetworkFileError(f'{path}: larger than a network can be ({MAX_BYTES} bytes)')
        data = path.read_bytes()
    except FileNotFoundError:
        raise NetworkFileError(f'{path}: no such network file') from None
    except OSError as error:
        raise NetworkFileError(f'{path}: cannot be read ({error.strerror})') from None
    return network_from_bytes(data, str(path))


@lru_cache(maxsize=8)
def network_to_bytes(network: SpikingQNetwork) -> bytes:
    """
    Return the bytes of a network file.

    The latest ones are remembered: after an episode the same networks, which never change, go
    into the checkpoint, to the policy and into the next checkpoint.
    """
    header = {
        'format': FORMAT, 'version': FLOAT_VERSION, 'task': network.task,
        'sizes': list(network.sizes), 'alpha': network.alpha, 'beta': network.beta,
        'threshold': network.threshold, 'ticks': network.ticks,
        'action_efforts': list(network.action_efforts), 'origin': network.metadata,
    }
    if network.quantized:
        header |= {'version': FIXED_VERSION, 'scales': list(network.scales)}
    buffer = io.BytesIO()
    np.savez(buffer, metadata=np.array(json.dumps(header)), **dict(zip(WEIGHTS, network.weights)))
    return buffer.getvalue()


def network_from_bytes(data: bytes, source: str = 'network') -> SpikingQNetwork:
    """
    Read a network from the bytes of a network file.

    :param source: what to call it in an error.
    :raises NetworkFileError: damaged, foreign or inconsistent content.
    """
    if len(data) > MAX_BYTES:
        raise NetworkFileError(f'{source}: larger than a network can be ({MAX_BYTES} bytes)')
    header, weights = _unpack(data, source)
    if header.get('format') != FORMAT:
        raise NetworkFileError(f'{source}: not a network file of rstdp_ros')
    version = header.get('version')
    if version not in (FLOAT_VERSION, FIXED_VERSION):
        raise NetworkFileError(f'{source}: format version {version!r}; this release reads '
                               f'versions {FLOAT_VERSION} and {FIXED_VERSION}')
    required = (*REQUIRED, 'scales') if version == FIXED_VERSION else REQUIRED
    missing = [name for name in required if name not in header]
    if missing:
        raise NetworkFileError(f'{source}: the metadata lacks {", ".join(missing)}')
    try:
        network = SpikingQNetwork(
            weights, header['alpha'], header['beta'], header['threshold'], header['ticks'],
            header['task'], header['action_efforts'], header.get('origin'),
            header['scales'] if version == FIXED_VERSION else ())
        if (version == FIXED_VERSION) != network.quantized:
            raise RstdpError(f'version {FIXED_VERSION} without scales')
    except (RstdpError, OverflowError, TypeError, ValueError) as error:
        raise NetworkFileError(f'{source}: {error}') from None
    if list(network.sizes) != header['sizes']:
        raise NetworkFileError(f'{source}: the weights have sizes {list(network.sizes)}, the '
                               f'metadata says {header["sizes"]}')
    return network


def _unpack(data: bytes, source: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Take metadata and weights out of the archive, refusing what would not fit in memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise NetworkFileError(f'{source}: unpacks to more than {MAX_BYTES} bytes')
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            missing = [name for name in ('metadata', *WEIGHTS) if name not in archive.files]
            if missing:
                raise NetworkFileError(f'{source}: not a network file of rstdp_ros, it lacks '
                                       f'{", ".join(missing)}')
            header = json.loads(str(archive['metadata'][()]))
            weights = [archive[name] for name in WEIGHTS]
    except NetworkFileError:
        raise
    except Exception as error:
        # zipfile, zlib, numpy and json raise many kinds of error on damaged bytes.
        raise NetworkFileError(f'{source}: damaged or not a network file '
                               f'({type(error).__name__})') from None
    if not isinstance(header, dict):
        raise NetworkFileError(f'{source}: the metadata is not a JSON object')
    if any(w.dtype != np.float32 for w in weights):
        raise NetworkFileError(f'{source}: the weights are not float32')
    return header, weights
