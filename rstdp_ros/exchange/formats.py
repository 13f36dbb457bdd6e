"""Which kinds of file can be read and written, by file name extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from rstdp_ros.exchange.foreign import Facts
from rstdp_ros.exchange.nir_reading import read_nir
from rstdp_ros.exchange.nir_writing import nir_to_bytes
from rstdp_ros.exchange.torch_checkpoints import read_checkpoint
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.files import network_to_bytes
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError


class Reader(NamedTuple):
    """
    How to read a kind of file.

    :param read: (path, facts) -> network.
    :param facts: names of the facts that this kind of file may leave open.
    """

    read: Callable[[Path, Facts], SpikingQNetwork]
    facts: tuple[str, ...]


CHECKPOINT = Reader(read_checkpoint, ('task', 'ticks', 'alpha', 'beta', 'threshold'))
READERS = {
    '.npz': Reader(lambda path, facts: SpikingQNetwork.load(path), ()),
    '.nir': Reader(read_nir, ('task', 'ticks', 'dt')),
    '.pt': CHECKPOINT,
    '.pth': CHECKPOINT,
}
WRITERS = {'.npz': network_to_bytes, '.nir': nir_to_bytes}


def read_network(path: str | Path, facts: Facts | None = None) -> SpikingQNetwork:
    """
    Read a network file, an NIR graph or a torch checkpoint.

    :param facts: what the file may leave open.
    :raises RstdpError: an unknown kind, an unusable file, or a fact that this kind of file states
        itself.
    """
    path, facts = Path(path), facts or Facts()
    reader = _of_kind(path, READERS, 'read')
    for field in fields(facts):
        if getattr(facts, field.name) is not None and field.name not in reader.facts:
            raise RstdpError(f'{path}: --{field.name} does not apply to {path.suffix} files')
    return reader.read(path, facts)


def write_network(network: SpikingQNetwork, path: str | Path, **choices: str) -> None:
    """
    Write a network file or an NIR graph, completely or not at all.

    :param choices: options of that kind of file; see :func:`nir_to_bytes`.
    :raises RstdpError: an unknown kind, or the file cannot be written.
    """
    path = Path(path)
    data = writer_of(path)(network, **choices)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise RstdpError(f'{path}: cannot be written ({error.strerror})') from None


def writer_of(path: Path) -> Callable[..., bytes]:
    """
    Return the function that turns a network into the bytes of such a file.

    :raises RstdpError: an unknown kind.
    """
    return _of_kind(path, WRITERS, 'written')


def _of_kind(path: Path, kinds: dict, done: str) -> Any:
    try:
        return kinds[path.suffix]
    except KeyError:
        raise RstdpError(f'{path}: {path.suffix or "no suffix"} cannot be {done}; '
                         f'known are {", ".join(kinds)}') from None
