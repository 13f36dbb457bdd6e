"""Open a bag: whole or damaged, in one file or split, mcap or sqlite3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
import re
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from rstdp_ros.bags.definitions import check_definition
from rstdp_ros.bags.repair import has_journal, mend_mcap, mend_sqlite3
from rstdp_ros.bags.topics import KINDS, load_typestore, NEEDS_ROSBAGS
from rstdp_ros.errors import RstdpError

METADATA = 'metadata.yaml'
FILES = ('.mcap', '.db3')
# What rosbags, its parsers and its decompressors raise on foreign or damaged bytes is of every
# kind, from struct.error to MemoryError.
UNREADABLE = Exception


class Message(NamedTuple):
    """
    A message as it was recorded.

    :param topic: a name of ``TOPICS``, whatever the graph's namespace was.
    :param time: of the recording, ns.
    :param data: serialized.
    """

    topic: str
    time: int
    data: bytes


class Bag:
    """
    A bag of one graph. Use it as a context manager.

    :param path: a folder, or one file of it.
    :param namespace: of the graph; needed where a bag holds several.
    :ivar complaints: what is wrong with it though it can be read, a sentence each.
    :ivar counts: messages per topic of the graph.
    :ivar custom_data: of the metadata.
    :raises RstdpError: it cannot be read, or holds nothing of a graph.
    """

    def __init__(self, path: Path, namespace: str | None = None) -> None:
        try:
            from rosbags.rosbag2 import Reader
        except ModuleNotFoundError as error:
            raise RstdpError(NEEDS_ROSBAGS.format(error.name)) from None
        self.path, self.complaints = path, []
        self._reader_type = Reader
        self._typestore = load_typestore()
        self._stack = ExitStack()
        self._readers = self._open()
        self.custom_data: dict[str, str] = {}
        for reader in self._readers:
            self.custom_data.update(getattr(reader.storage.metadata, 'custom', None) or {})
        self.namespace = self._choose(namespace)
        self._names = {full: name for name in KINDS
                       for full in [name if name[0] == '/' else f'{self.namespace}/{name}']}
        for connection in self._connections():
            check_definition(path, connection, KINDS[self._names[connection.topic]],
                             self._typestore)
        self.counts = dict.fromkeys(KINDS, 0)
        for connection in self._connections():
            self.counts[self._names[connection.topic]] += connection.msgcount

    def __enter__(self) -> Bag:
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close all files."""
        self._stack.close()

    def messages(self, topics: Iterable[str], start: float = 0.0) -> Iterator[Message]:
        """
        Yield the messages of some topics in the order of the recording.

        :param start: s after the first message of the bag.
        :raises RstdpError: the bag is damaged there.
        """
        wanted = set(topics)
        for reader in self._readers:
            connections = [c for c in reader.connections
                           if self._names.get(c.topic) in wanted and c.msgcount]
            if not connections:
                continue
            since = self.start_time + round(start * 1e9)
            # What was mended has no index, and rosbags wants its messages in perfect order then.
            read = getattr(reader.storage, 'messages_scan', None)
            if read is None or reader.storage.chunks:
                read = reader.messages
            try:
                for connection, stamp, data in read(connections, start=since):
                    yield Message(self._names[connection.topic], stamp, data)
            except UNREADABLE as error:
                raise RstdpError(f'{self.path}: damaged in the middle ({error})') from None

    @property
    def start_time(self) -> int:
        """When the first message was recorded, ns."""
        return min(reader.start_time for reader in self._readers)

    @property
    def duration(self) -> float:
        """From the first message to the last, s."""
        return (max(reader.end_time for reader in self._readers) - self.start_time) / 1e9

    def decode(self, message: Message) -> Any:
        """
        Turn the bytes into an object with the message's fields.

        :raises RstdpError: bytes that are none.
        """
        try:
            return self._typestore.deserialize_cdr(message.data, KINDS[message.topic])
        except Exception as error:
            # The generated code raises whatever slicing and unpacking raise.
            raise RstdpError(f'{self.path}: a message on {message.topic} cannot be read '
                             f'({type(error).__name__})') from None

    def _open(self) -> list[Any]:
        path = self.path
        if not path.exists():
            raise RstdpError(f'{path}: no such bag')
        if path.is_dir() and (path / METADATA).exists():
            try:
                return [self._enter(path)]
            except UNREADABLE as error:
                self.complaints.append(f'{path}: not as its {METADATA} says ({error})')
        elif path.is_dir():
            self.complaints.append(f'{path}: no {METADATA}; its recorder was killed, or it was '
                                   'not copied whole')
        files = sorted(path.iterdir(), key=_number) if path.is_dir() else [path]
        files = [file for file in files if file.suffix in FILES]
        if not files:
            raise RstdpError(f'{path}: not a bag; expected a folder with {METADATA}, or a file '
                             f'with the name *{" or *".join(FILES)}')
        return [reader for file in files for reader in self._open_file(file)]

    def _open_file(self, path: Path) -> list[Any]:
        """Open a file of a bag, mended if need be; [] if there is nothing in it."""
        try:
            if not has_journal(path):
                return [self._enter(path)]
        except UNREADABLE:
            pass
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix='rstdp_bag_')))
        if path.suffix == '.db3':
            copy, lost = mend_sqlite3(path, folder), ''
        else:
            copy, cut = mend_mcap(path, folder)
            lost = f'; {cut} bytes at its end are no whole record'
        self.complaints.append(f'{path}: its recorder was killed{lost}; what was written until '
                               'then is used')
        try:
            return [self._enter(copy)]
        except UNREADABLE as error:
            raise RstdpError(f'{path}: damaged, or not a bag ({error})') from None

    def _enter(self, path: Path) -> Any:
        return self._stack.enter_context(self._reader_type(path))

    def _choose(self, namespace: str | None) -> str:
        """Return the namespace of the graph that is wanted, or of the only one there is."""
        relative = [name for name in KINDS if not name.startswith('/')]
        # Others may have an observation or an action, too.
        found = self._namespaces(['weights']) or self._namespaces(relative)
        if namespace is not None:
            found = [n for n in found if n == _slashed(namespace)]
        if len(found) > 1:
            raise RstdpError(f'{self.path}: holds several graphs, in the namespaces '
                             f'{", ".join(n or "/" for n in found)}; choose by --namespace')
        if not found:
            raise RstdpError(f'{self.path}: holds no topic of a graph of rstdp_ros, such as '
                             f'{", ".join(relative[:3])}'
                             + (f', in namespace {namespace}' if namespace else ''))
        return found[0]

    def _namespaces(self, names: list[str]) -> list[str]:
        """List where there are topics of those names and types."""
        return sorted({c.topic[:-len(name) - 1] for r in self._readers for c in r.connections
                       for name in names
                       if c.topic.endswith(f'/{name}') and c.msgtype == KINDS[name]})

    def _connections(self) -> Iterator[Any]:
        return (c for r in self._readers for c in r.connections if c.topic in self._names)


def _slashed(namespace: str) -> str:
    return f'/{name}' if (name := namespace.strip('/')) else ''


def _number(path: Path) -> tuple[int, str]:
    """Sort the files of a split bag by the number at the end of their names."""
    digits = re.search(r'_(\d+)$', path.stem)
    return (int(digits.group(1)) if digits else -1, path.name)
