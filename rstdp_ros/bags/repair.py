"""What a killed recorder leaves behind, made readable; the original is never touched."""

from __future__ import annotations

from pathlib import Path
import shutil
import sqlite3
import struct

from rstdp_ros.errors import RstdpError

MAGIC = b'\x89MCAP0\r\n'
RECORD = struct.Struct('<BQ')
CHUNK = 6
DATA_END, FOOTER = 15, 2
# Record after which the data proper are over.
ENDS = (DATA_END, FOOTER)
# End of the data without checksum, then a footer without summary.
TAIL = RECORD.pack(DATA_END, 4) + bytes(4) + RECORD.pack(FOOTER, 20) + bytes(20) + MAGIC
JOURNALS = ('-journal', '-wal')


def mend_mcap(path: Path, folder: Path) -> tuple[Path, int]:
    """
    Copy the whole records of an mcap file and end it as its format wants.

    :param folder: where the copy goes.
    :return: the copy and how many bytes at the end were lost.
    :raises RstdpError: not even its beginning is there.
    """
    end = _end_of_records(path)
    copy = folder / path.name
    with path.open('rb') as source, copy.open('wb') as target:
        left = end
        while left:
            block = source.read(min(left, 2**20))
            target.write(block)
            left -= len(block)
        target.write(TAIL)
    return copy, path.stat().st_size - end


def _end_of_records(path: Path) -> int:
    """Return where the last whole record before any footer ends."""
    size = path.stat().st_size
    with path.open('rb') as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise RstdpError(f'{path}: not an mcap file')
        end = len(MAGIC)
        while len(head := file.read(RECORD.size)) == RECORD.size:
            kind, length = RECORD.unpack(head)
            if kind in ENDS or end + RECORD.size + length > size:
                break
            end += RECORD.size + length
            file.seek(end)
    if end == len(MAGIC):
        raise RstdpError(f'{path}: nothing was recorded before the recorder was killed')
    return end


def mend_sqlite3(path: Path, folder: Path) -> Path:
    """
    Copy a database with its journal and let SQLite bring it to its last whole state.

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
    """Whether SQLite did not get round to tidying up after itself."""
    return any(path.with_name(path.name + suffix).exists() for suffix in JOURNALS)
