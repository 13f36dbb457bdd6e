"""Open a file of a bag: mcap or sqlite3, whole or damaged, packed or not."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
import stat
from tempfile import TemporaryDirectory
from typing import Any

from rstdp_ros.bags.databases import check_tables, limited, watch
from rstdp_ros.bags.repair import has_journal, mend_mcap, mend_sqlite3
from rstdp_ros.bags.survey import survey
from rstdp_ros.bags.unpacking import MAX_UNPACKED, unpack_file
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing, shortened

MCAP, SQLITE3, PACKED = '.mcap', '.db3', '.zstd'
FILES = (MCAP, SQLITE3)


def refuse_odd(path: Path) -> None:
    """
    Refuse paths that SQLite's libraries take for something else.

    :raises RstdpError: such a path.
    """
    if odd := {'#', '?', '%'} & set(str(path)):
        raise RstdpError(f'{path}: SQLite takes {" and ".join(sorted(odd))} in a path for '
                         'something else; name the folder differently')


def is_of_bag(path: Path) -> bool:
    """Whether a file's name is that of a bag's file."""
    return (path.with_suffix('') if path.suffix == PACKED else path).suffix in FILES


class Opener:
    """
    Opens files and keeps them open.

    :param reader_type: rosbags' reader.
    :param stack: closes them, and removes the copies made of them.
    :ivar complaints: problems, a sentence each.
    """

    def __init__(self, reader_type: Any, stack: ExitStack) -> None:
        self._reader_type, self._stack = reader_type, stack
        self.complaints: list[str] = []

    def open(self, path: Path) -> Any:
        """
        Return a reader of rosbags.

        :raises RstdpError: nothing in it can be read.
        """
        if not stat.S_ISREG(path.stat().st_mode):
            raise RstdpError(f'{path}: not a regular file')
        with refusing(path):
            if path.suffix == PACKED:
                path, wrong = unpack_file(path, self._folder())
                self.complaints += [wrong] if wrong else []
            return (self._open_mcap if path.suffix == MCAP else self._open_sqlite3)(path)

    def _open_mcap(self, path: Path) -> Any:
        found = survey(path)
        reason = 'its recorder was killed'
        try:
            reader = self._reader_type(path)
            with ExitStack() as stack:
                stack.enter_context(reader)
                if found.agrees(reader.storage):
                    self._stack.push(stack.pop_all())
                    return reader
            reason = 'damaged' if found.damaged else 'its index is damaged'
        except Exception:  # rosbags and its parsers raise errors of every kind
            pass
        lost = ''
        if found.damaged:
            lost = (f'; {len(found.damaged)} of {len(found.damaged) + len(found.chunks)} chunks '
                    f'({sum(length for _, length in found.damaged)} bytes) are left out')
        if 'killed' in reason and (cut := path.stat().st_size - found.end):
            lost += f'; {cut} bytes at its end are no whole record'
        self.complaints.append(f'{path}: {reason}{lost}; the rest is used')
        return self._enter(path, mend_mcap(path, self._folder(), found))

    def _open_sqlite3(self, path: Path) -> Any:
        refuse_odd(path)
        with limited():
            copy = path
            if has_journal(path):
                self.complaints.append(f'{path}: its recorder was killed; what was written until '
                                       'then is used')
                copy = mend_sqlite3(path, self._folder())
            try:
                check_tables(copy)
            except RstdpError:
                raise
            except Exception as error:
                raise RstdpError(f'{path}: damaged ({shortened(error)})') from None
            return self._enter(path, copy)

    def _enter(self, path: Path, copy: Path) -> Any:
        try:
            return self._stack.enter_context(self._reader_type(copy))
        except Exception as error:
            raise RstdpError(f'{path}: damaged, or not a bag ({shortened(error)})') from None

    def _folder(self) -> Path:
        return Path(self._stack.enter_context(TemporaryDirectory(prefix='rstdp_bag_')))


def read(reader: Any, connections: list[Any], start: int) -> Any:
    """
    Return an iterator over (connection, time, data), in the order of the recording.

    :param start: time of the first message to return, ns.
    """
    storage = reader.storage
    if connection := getattr(storage, 'dbconn', None):
        watch(connection)
    # Without an index rosbags needs perfect order; with one it holds all overlapping chunks.
    elif not storage.chunks or _side_by_side(storage.chunks) > MAX_UNPACKED:
        return storage.messages_scan(connections, start=start)
    return reader.messages(connections, start=start)


def _side_by_side(chunks: list[Any]) -> int:
    """Return the largest unpacked size of chunks of the same time, in bytes."""
    changes = sorted(change for chunk in chunks for change in (
        (chunk.message_start_time, 0, chunk.uncompressed_size),
        (chunk.message_end_time, 1, -chunk.uncompressed_size)))
    most = now = 0
    for *_, change in changes:
        now += change
        most = max(most, now)
    return most
