"""Untrusted SQLite files: limits on values and work, no computed columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rstdp_ros.bags.unpacking import MAX_UNPACKED
from rstdp_ros.support.errors import RstdpError

# Steps of SQLite's machine, which damaged trees can lead round in circles.
STEPS = 10_000_000
STEPS_PER_BYTE = 10
STEPS_AT_ONCE = 100_000


@contextmanager
def limited() -> Iterator[None]:
    """Limit every database opened inside, by any code."""
    import apsw
    apsw.connection_hooks.append(_limit)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(_limit)


def _limit(connection: Any) -> None:
    import apsw
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_UNPACKED)
    watch(connection)


def watch(connection: Any) -> None:
    """Limit a connection of apsw to the steps of reading all of its file, and some more."""
    name = connection.filename
    size = Path(name).stat().st_size if name else 0
    left = [(STEPS + STEPS_PER_BYTE * size) // STEPS_AT_ONCE]

    def over() -> bool:
        left[0] -= 1
        return left[0] < 0

    connection.set_progress_handler(over, STEPS_AT_ONCE)


def check_tables(path: Path) -> None:
    """
    Refuse tables with computed values: these can be arbitrarily large and slow.

    Use it inside :func:`limited`.

    :raises RstdpError: there are computed columns.
    """
    import apsw
    connection = apsw.Connection(f'file:{path}?immutable=1',
                                 flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        columns = connection.execute(
            'SELECT t.name, c.name FROM sqlite_master t, pragma_table_xinfo(t.name) c '
            "WHERE t.type = 'table' AND c.hidden").fetchall()
    finally:
        connection.close()
    if columns:
        raise RstdpError(f'{path}: column {columns[0][1]!r} of table {columns[0][0]!r} is '
                         'computed; rosbag2 writes none')
