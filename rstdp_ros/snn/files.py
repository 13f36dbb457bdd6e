"""
The network file: a numpy .npz with W1, W2, W3 and one JSON string of metadata.

Version 1 holds a floating-point network; version 2 a quantised one, whose metadata also have the
scales and whose weights are still float32. The same bytes travel on the ``weights`` topic, so the
reader trusts nothing: no pickles, a size limit, and every field is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
import io
import json
from pathlib import Path
from typing import Any, TYPE_CHECKING

import numpy as np

from rstdp_ros.snn.neuron import Neuron
from rstdp_ros.support.archives import read_arrays
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import from_json, plain
from rstdp_ros.support.untrusted import read_file, refusing, shortened

if TYPE_CHECKING:
    from rstdp_ros.snn.network import SpikingQNetwork

FORMAT = 'rstdp_ros network'
FLOAT_VERSION, FIXED_VERSION = 1, 2
MAX_BYTES = 16 * 2**20
WEIGHTS = ('W1', 'W2', 'W3')
NEURON = ('alpha', 'beta', 'threshold', 'ticks')
REQUIRED = ('task', 'sizes', *NEURON, 'action_efforts')


class NetworkFileError(RstdpError):
    """A network file cannot be used; says why."""


def save_network(network: SpikingQNetwork, path: str | Path) -> None:
    """
    Write a network file, completely or not at all.

    :raises NetworkFileError: it cannot be written there, or could not be read again.
    """
    data = network_to_bytes(network)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise NetworkFileError(f'{path}: cannot be written ({error.strerror})') from None


def file_bytes(path: str | Path) -> bytes:
    """
    Return the bytes of a network file on disk.

    :raises NetworkFileError: missing, or larger than a network can be.
    """
    return read_file(path, MAX_BYTES, NetworkFileError)


@lru_cache(maxsize=8)
def network_to_bytes(network: SpikingQNetwork) -> bytes:
    """
    Return the bytes of a network file.

    The latest results are cached: after an episode the same immutable networks go into the
    checkpoint, to the policy and into the next checkpoint.

    :raises NetworkFileError: larger than a reader accepts, or metadata that JSON cannot represent.
    """
    header = {
        'format': FORMAT, 'version': FLOAT_VERSION, 'task': network.task,
        'sizes': list(network.sizes), **network.neuron.to_json(),
        'action_efforts': list(network.action_efforts), 'origin': network.metadata,
    }
    if network.quantized:
        header |= {'version': FIXED_VERSION, 'scales': list(network.scales)}
    try:
        metadata = json.dumps(header, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise NetworkFileError(f"the network's metadata cannot be written: {error}") from None
    buffer = io.BytesIO()
    weights: dict[str, Any] = dict(zip(WEIGHTS, network.weights))
    np.savez(buffer, metadata=np.array(metadata), **weights)
    if buffer.tell() > MAX_BYTES:
        raise NetworkFileError(f'the network makes a file of {buffer.tell()} bytes; at most '
                               f'{MAX_BYTES} can be read again')
    return buffer.getvalue()


def _plain(value: object) -> object:
    """Convert numpy's numbers for JSON."""
    if (own := plain(value)) is value:
        raise TypeError(f'a {type(value).__name__} has no form in JSON')
    return own


def read_network(make: Callable[..., SpikingQNetwork], data: bytes,
                 source: str) -> SpikingQNetwork:
    """
    Read a network from the bytes of a network file.

    :param make: the class of networks.
    :param source: what to call it in an error.
    :raises NetworkFileError: damaged, foreign or inconsistent content.
    """
    if len(data) > MAX_BYTES:
        raise NetworkFileError(f'{source}: larger than a network can be ({MAX_BYTES} bytes)')
    with refusing(source, NetworkFileError):
        try:
            return _network(make, read_arrays(data, MAX_BYTES))
        except RstdpError as error:
            raise NetworkFileError(f'{source}: {shortened(error)}') from None


def _network(make: Callable[..., SpikingQNetwork],
             arrays: Mapping[str, np.ndarray]) -> SpikingQNetwork:
    """Build the network that a file's arrays describe, after checking that they are consistent."""
    missing = [name for name in ('metadata', *WEIGHTS) if name not in arrays]
    if missing:
        raise RstdpError(f'not a network file of rstdp_ros, it lacks {", ".join(missing)}')
    header = from_json(str(arrays['metadata'][()]))
    if not isinstance(header, dict) or header.get('format') != FORMAT:
        raise RstdpError('not a network file of rstdp_ros')
    version = header.get('version')
    if version not in (FLOAT_VERSION, FIXED_VERSION):
        raise RstdpError(f'format version {version!r}; this release reads versions '
                         f'{FLOAT_VERSION} and {FIXED_VERSION}')
    required = (*REQUIRED, 'scales') if version == FIXED_VERSION else REQUIRED
    missing = [name for name in required if name not in header]
    if missing:
        raise RstdpError(f'the metadata lacks {", ".join(missing)}')
    if not isinstance(header['task'], str):
        raise RstdpError(f'task must be a name, not {header["task"]!r}')
    weights = [arrays[name] for name in WEIGHTS]
    if any(w.dtype != np.float32 for w in weights):
        raise RstdpError('the weights are not float32')
    network = make(
        weights, Neuron(*(header[name] for name in NEURON)), header['task'],
        header['action_efforts'], header.get('origin'),
        header['scales'] if version == FIXED_VERSION else ())
    if (version == FIXED_VERSION) != network.quantized:
        raise RstdpError(f'version {FIXED_VERSION} without scales')
    if list(network.sizes) != header['sizes']:
        raise RstdpError(f'the weights have sizes {list(network.sizes)}, the metadata says '
                         f'{header["sizes"]}')
    return network
