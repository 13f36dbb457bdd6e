"""Checkpoints of a learner: written whole, kept in number, read with suspicion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from rstdp_ros.atomic import write_atomically
from rstdp_ros.errors import RstdpError
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.files import network_from_bytes, network_to_bytes

FORMAT = 'rstdp_ros checkpoint'
FORMAT_VERSION = 1
PATTERN = 'checkpoint_*.npz'
NETWORK = 'network:'


class CheckpointStore:
    """
    The latest checkpoints of a run in a folder.

    :param folder: made when the first one is written.
    :param keep: how many to keep.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def save(self, state: dict[str, Any], episode: int) -> None:
        """Write a state, then delete the oldest ones beyond ``keep``."""
        write_atomically(self.folder / f'checkpoint_{episode:07d}.npz', encode(state))
        for old in self.paths()[self.keep:]:
            old.unlink(missing_ok=True)

    def paths(self) -> list[Path]:
        """List the checkpoints, newest first."""
        return sorted(self.folder.glob(PATTERN), reverse=True)

    def states(self, report: Callable[[str], None]) -> Iterator[dict[str, Any]]:
        """
        Yield the valid states, newest first.

        :param report: told of each file that is passed over, in one sentence.
        """
        for path in self.paths():
            try:
                yield decode(path.read_bytes())
            except (OSError, RstdpError) as error:
                report(f'{path}: checkpoint not used: {error}')


def encode(state: dict[str, Any]) -> bytes:
    """Turn a state of plain values and networks into bytes."""
    networks: dict[str, np.ndarray] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, SpikingQNetwork):
            key = f'n{len(networks)}'
            networks[key] = np.frombuffer(network_to_bytes(value), np.uint8)
            return NETWORK + key
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return value

    header = {'format': FORMAT, 'version': FORMAT_VERSION, 'state': plain(state)}
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(json.dumps(header)), **networks)
    return buffer.getvalue()


def decode(data: bytes) -> dict[str, Any]:
    """
    Undo :func:`encode`.

    :raises RstdpError: damaged or foreign bytes.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            header = json.loads(str(archive['header'][()]))
            if header['format'] != FORMAT:
                raise RstdpError('not a checkpoint of rstdp_ros')
            if header['version'] != FORMAT_VERSION:
                raise RstdpError(f'format version {header["version"]}, not {FORMAT_VERSION}')

            def rich(value: Any) -> Any:
                if isinstance(value, str) and value.startswith(NETWORK):
                    return network_from_bytes(archive[value[len(NETWORK):]].tobytes())
                if isinstance(value, dict):
                    return {k: rich(v) for k, v in value.items()}
                return value

            return rich(header['state'])
    except RstdpError:
        raise
    except Exception as error:
        # zipfile, zlib, numpy and json raise many kinds of error on damaged bytes.
        raise RstdpError(f'damaged or foreign ({type(error).__name__})') from None
