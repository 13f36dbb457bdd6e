"""Open a bag: whole or damaged, in one file or split, mcap or sqlite3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
import re
from typing import Any, NamedTuple

from rstdp_ros.bags.definitions import check_definition
from rstdp_ros.bags.metadata import NAME as METADATA
from rstdp_ros.bags.metadata import NOTHING, read_metadata
from rstdp_ros.bags.opening import FILES, is_of_bag, Opener, PACKED, read
from rstdp_ros.bags.topics import KINDS, load_typestore, NEEDS_ROSBAGS
from rstdp_ros.bags.unpacking import unpack, ZSTD
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing, shortened


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
    :param kinds: wanted topics, relative or absolute, and their message types.
    :ivar complaints: problems that do not prevent reading, a sentence each.
    :ivar counts: messages per topic of the graph.
    :ivar incomplete: whether files or messages named in its metadata are missing.
    :ivar custom_data: of the metadata.
    :raises RstdpError: it cannot be read, or holds nothing of a graph.
    """

    def __init__(self, path: Path, namespace: str | None = None,
                 kinds: Mapping[str, str] = KINDS) -> None:
        try:
            from rosbags.rosbag2 import Reader
        except ModuleNotFoundError as error:
            raise RstdpError(NEEDS_ROSBAGS.format(error.name)) from None
        self.path, self.incomplete = path, False
        self.complaints: list[str] = []
        self._kinds = kinds
        self._typestore = load_typestore()
        with ExitStack() as stack, refusing(path):
            self._open(Opener(Reader, stack))
            self.namespace = self._choose(namespace)
            self._names = {full: name for name in self._kinds
                           for full in [name if name[0] == '/' else f'{self.namespace}/{name}']}
            self._count()
            self._stack = stack.pop_all()

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
                           if self._names.get(_absolute(c.topic)) in wanted and c.msgcount]
            if not connections:
                continue
            since = self.start_time + round(start * 1e9)
            try:
                for connection, stamp, data in read(reader, connections, since):
                    # ROS's own serialization never begins with these bytes.
                    data = unpack(data) if data[:4] == ZSTD else data
                    yield Message(self._names[_absolute(connection.topic)], stamp, data)
            except Exception as error:  # rosbags raises errors of every kind
                raise RstdpError(f'{self.path}: damaged in the middle '
                                 f'({shortened(error)})') from None

    @property
    def start_time(self) -> int:
        """When the first message was recorded, ns."""
        return min(reader.start_time for reader in self._readers)

    @property
    def duration(self) -> float:
        """From the first message to the last, s."""
        end = max(reader.end_time for reader in self._readers)
        return max(0, end - self.start_time) / 1e9

    def decode(self, message: Message) -> Any:
        """
        Turn the bytes into an object with the message's fields.

        :raises RstdpError: bytes that are no such message.
        """
        try:
            return self._typestore.deserialize_cdr(message.data, self._kinds[message.topic])
        except Exception as error:
            # The generated code raises the errors of slicing and unpacking.
            raise RstdpError(f'{self.path}: a message on {message.topic} cannot be read '
                             f'({type(error).__name__})') from None

    def _open(self, opener: Opener) -> None:
        self._metadata = self._read_metadata()
        self.custom_data = self._metadata.custom
        files = self._files()
        if not files:
            raise RstdpError(f'{self.path}: not a bag; expected a folder with {METADATA}, or a '
                             f'file with the name *{" or *".join(FILES)}, as it is or {PACKED}')
        self._readers = self._open_files(opener, files)
        self.complaints += opener.complaints
        counted = self._metadata.messages or 0
        there = sum(reader.message_count for reader in self._readers)
        if there < counted:
            self.complaints.append(f'{self.path}: {counted - there} of {counted} messages that '
                                   f'{METADATA} counts are not there')
            self.incomplete = True

    def _open_files(self, opener: Opener, files: list[Path]) -> list[Any]:
        readers, refusals = [], []
        for file in files:
            try:
                readers.append(opener.open(file))
            except RstdpError as error:
                refusals.append(error)
        if not readers:
            raise refusals[0]
        self.complaints += [f'{refusal}; this file is left out' for refusal in refusals]
        self.incomplete |= bool(refusals)
        return readers

    def _read_metadata(self) -> Any:
        path = self.path
        if not path.exists():
            raise RstdpError(f'{path}: no such bag')
        if path.is_dir() and (path / METADATA).exists():
            try:
                return read_metadata(path)
            except RstdpError as error:
                self.complaints.append(f'{error}; its files are read without it')
        elif path.is_dir():
            self.complaints.append(f'{path}: no {METADATA}; its recorder was killed, or it was '
                                   'not copied whole')
        return NOTHING

    def _files(self) -> list[Path]:
        """List the bag's files: those of the metadata, as far as they are there, or all."""
        if not self.path.is_dir():
            return [self.path] if is_of_bag(self.path) else []
        # A recorder removes a file after packing it, but may be killed before.
        found = {file.name.removesuffix(PACKED): file for file in
                 sorted(self.path.iterdir(), key=lambda file: file.suffix != PACKED)
                 if is_of_bag(file)}
        named = [name.removesuffix(PACKED) for name in self._metadata.files]
        missing = [name for name in named if name not in found]
        if missing:
            self.complaints.append(f'{self.path}: {len(missing)} of {len(named)} files that '
                                   f'{METADATA} names are missing: '
                                   + shortened(', '.join(missing)))
            self.incomplete = True
        return ([found[name] for name in dict.fromkeys(named) if name in found]
                or sorted(found.values(), key=_number))

    def _count(self) -> None:
        """Check the definitions of the graph's topics and count their messages."""
        self.counts = dict.fromkeys(self._kinds, 0)
        for reader in self._readers:
            for connection in reader.connections:
                name = self._names.get(_absolute(connection.topic))
                if name:
                    kind, digest = self._metadata.topics.get(connection.topic, ('', ''))
                    check_definition(self.path, connection._replace(
                        msgtype=kind or connection.msgtype,
                        digest=digest or connection.digest), self._kinds[name], self._typestore)
                    self.counts[name] += connection.msgcount

    def _choose(self, namespace: str | None) -> str:
        """Return the namespace of the wanted graph, or of the only one."""
        relative = [name for name in self._kinds if not name.startswith('/')]
        # Other graphs may have an observation or an action, too.
        found = self._namespaces(['weights']) or self._namespaces(relative)
        if namespace is not None:
            found = [n for n in self._namespaces(relative) if n == _slashed(namespace)]
        if len(found) > 1:
            raise RstdpError(f'{self.path}: holds several graphs, in the namespaces '
                             f'{", ".join(n or "/" for n in found)}; choose by --namespace')
        if not found:
            raise RstdpError(f'{self.path}: holds no topic of a graph of rstdp_ros, such as '
                             f'{", ".join(relative[:3])}'
                             + (f', in namespace {namespace}' if namespace else ''))
        return found[0]

    def _namespaces(self, names: list[str]) -> list[str]:
        """List the namespaces that have topics of those names and types."""
        return sorted({_absolute(c.topic)[:-len(name) - 1]
                       for r in self._readers for c in r.connections for name in names
                       if _absolute(c.topic).endswith(f'/{name}')
                       and c.msgtype == self._kinds[name]})


def _absolute(topic: str) -> str:
    """Return a topic's full name; some recorders leave out the first slash."""
    return topic if topic.startswith('/') else f'/{topic}'


def _slashed(namespace: str) -> str:
    return f'/{name}' if (name := namespace.strip('/')) else ''


def _number(path: Path) -> tuple[int, str]:
    """Sort the files of a split bag by the number at the end of their names."""
    digits = re.search(r'_(\d+)\.', path.name)
    return (int(digits.group(1)) if digits else -1, path.name)
