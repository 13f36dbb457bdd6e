"""Checkpoints of a learner: written atomically, limited in number, read without trust."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
import io
import json
from pathlib import Path
import re
from typing import Any

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.files import MAX_BYTES, network_to_bytes
from rstdp_ros.support.archives import read_arrays
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import from_json
from rstdp_ros.support.untrusted import read_file, refusing, shortened

FORMAT = 'rstdp_ros checkpoint'
FORMAT_VERSION = 1
# A copy that somebody made beside them is not the run's.
NAME = re.compile(r'checkpoint_(\d{7,12})\.npz')
# A state holds four networks, most of them small, and a strategy's arrays.
MAX_ARRAYS = 64
# Each may be a network, which is an archive of no more members than this.
MAX_MEMBERS = 8 * MAX_ARRAYS
LIMIT = 6 * MAX_BYTES
# Prefixes of a string that stands for a network or an array; a string that itself begins with one
# is prefixed with the mark of text.
NETWORK, ARRAY = 'network:', 'array:'
WORD = 'network:='


class CheckpointStore:
    """
    The latest checkpoints of a run in a folder.

    :param folder: created when the first one is written.
    :param keep: how many to keep.
    """

    def __init__(self, folder: Path, keep: int = 5) -> None:
        self.folder, self.keep = folder, keep

    def save(self, state: dict[str, Any], episode: int) -> None:
        """Write a state, then delete the oldest ones beyond ``keep``."""
        write_atomically(self.folder / f'checkpoint_{episode:07d}.npz', encode(state))
        older = [path for path in self.paths() if _number(path) < episode]
        for path in older[self.keep - 1:]:
            path.unlink(missing_ok=True)

    def paths(self) -> list[Path]:
        """List the checkpoints, newest first."""
        return sorted((path for path in self.folder.glob('*') if NAME.fullmatch(path.name)),
                      key=_number, reverse=True)

    def states(self, report: Callable[[str], None]) -> Iterator[tuple[Path, dict[str, Any]]]:
        """
        Yield the readable states and their files, newest first.

        :param report: called with one sentence for each file that is skipped.
        """
        for path in self.paths():
            try:
                yield path, decode(read_file(path, LIMIT), str(path))
            except RstdpError as error:
                report(f'checkpoint not used: {error}')


def _number(path: Path) -> int:
    return int(NAME.fullmatch(path.name)[1])


def encode(state: dict[str, Any]) -> bytes:
    """
    Turn a state of plain values, arrays and networks into bytes.

    :raises RstdpError: more of them than :func:`decode` accepts.
    """
    arrays: dict[str, Any] = {}
    # One network has several parts in a run.
    networks: dict[bytes, str] = {}

    def kept(mark: str, array: np.ndarray) -> str:
        key = f'{mark[0]}{len(arrays)}'
        arrays[key] = array
        return mark + key

    def plain(value: Any) -> Any:
        if isinstance(value, SpikingQNetwork):
            data = network_to_bytes(value)
            if data not in networks:
                networks[data] = kept(NETWORK, np.frombuffer(data, np.uint8))
            return networks[data]
        if isinstance(value, np.ndarray):
            return kept(ARRAY, value)
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, str) and value.startswith((NETWORK, ARRAY)):
            return WORD + value
        return value

    header = {'format': FORMAT, 'version': FORMAT_VERSION, 'state': plain(state)}
    if len(arrays) > MAX_ARRAYS:
        raise RstdpError(f'a state of more than {MAX_ARRAYS} networks and arrays cannot be kept')
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(json.dumps(header)), **arrays)
    return buffer.getvalue()


def decode(data: bytes, source: str = 'checkpoint') -> dict[str, Any]:
    """
    Undo :func:`encode`.

    :param source: what to call it in an error.
    :raises RstdpError: damaged or foreign bytes.
    """
    with refusing(source):
        try:
            return _state(read_arrays(data, LIMIT, MAX_MEMBERS))
        except RstdpError as error:
            raise RstdpError(f'{source}: {error}') from None


def _state(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    header = from_json(str(arrays['header'][()]))
    if header['format'] != FORMAT:
        raise RstdpError('not a checkpoint of rstdp_ros')
    if header['version'] != FORMAT_VERSION:
        raise RstdpError(f'format version {shortened(header["version"])}, not {FORMAT_VERSION}')
    if len(arrays) > 1 + MAX_ARRAYS:
        raise RstdpError(f'holds more than {MAX_ARRAYS} networks and arrays')

    @cache
    def network(key: str) -> SpikingQNetwork:
        return SpikingQNetwork.from_bytes(arrays[key].tobytes(), key)

    def rich(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: rich(v) for k, v in value.items()}
        if not isinstance(value, str) or not value.startswith((NETWORK, ARRAY)):
            return value
        if value.startswith(WORD):
            return value.removeprefix(WORD)
        if value.startswith(ARRAY):
            return arrays[value.removeprefix(ARRAY)]
        return network(value.removeprefix(NETWORK))

    state = rich(header['state'])
    if not isinstance(state, dict):
        raise RstdpError('its state is no table')
    return state
