"""Repair of files after a killed recorder or a bad disk; the original stays unchanged."""

from __future__ import annotations

from pathlib import Path
import shutil
import sqlite3
from typing import BinaryIO

from rstdp_ros.bags.survey import CHANNEL, DATA_END, FOOTER, MAGIC, RECORD, SCHEMA, Survey
from rstdp_ros.bags.unpacking import MAX_UNPACKED
from rstdp_ros.support.errors import RstdpError

# End of the data without checksum, then a footer without summary.
TAIL = RECORD.pack(DATA_END, 4) + bytes(4) + RECORD.pack(FOOTER, 20) + bytes(20) + MAGIC
JOURNALS = ('-journal', '-wal')


def mend_mcap(path: Path, folder: Path, found: Survey) -> Path:
    """
    Copy the sound records of an mcap file and end it as its format requires.

    :param folder: where the copy goes.
    :raises RstdpError: even its beginning is missing.
    """
    if found.end == len(MAGIC):
        raise RstdpError(f'{path}: nothing was recorded before the recorder was killed')
    copy = folder / path.name
    with path.open('rb') as source, copy.open('wb') as target:
        for start, length in [*found.damaged, (found.end, 0)]:
            _copy(source, target, start - source.tell())
            source.seek(length, 1)
        _copy_descriptions(source, target)
        target.write(TAIL)
    return copy


def _copy_descriptions(source: BinaryIO, target: BinaryIO) -> None:
    """Copy schemas and channels from the summary: the chunk that held them may be left out."""
    while len(head := source.read(RECORD.size)) == RECORD.size:
        kind, length = RECORD.unpack(head)
        if kind in (SCHEMA, CHANNEL):
            record = source.read(min(length, MAX_UNPACKED))
            target.write(head + record if len(record) == length else b'')
        else:
            source.seek(min(length, MAX_UNPACKED), 1)


def _copy(source: BinaryIO, target: BinaryIO, left: int) -> None:
    while left:
        left -= target.write(source.read(min(left, 2**20)))


def mend_sqlite3(path: Path, folder: Path) -> Path:
    """
    Copy a database with its journal and let SQLite restore its last complete state.

    :param folder: where the copy goes.
    :raises RstdpError: SQLite cannot.
    """
    copy = folder / path.name
    for suffix in ('', *JOURNALS):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy(source, copy.with_name(copy.name + suffix))
    try:
        connection = sqlite3.connect(copy)
        connection.execute('PRAGMA journal_mode = DELETE').fetchall()
        connection.execute('SELECT count(*) FROM sqlite_master').fetchall()
        connection.close()
    except sqlite3.Error as error:
        raise RstdpError(f'{path}: damaged ({error})') from None
    return copy


def has_journal(path: Path) -> bool:
    """Whether SQLite was stopped before it could remove its journal."""
    return any(path.with_name(path.name + suffix).exists() for suffix in JOURNALS)
