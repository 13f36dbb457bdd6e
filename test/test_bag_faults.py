"""Hostile, damaged and unusual bags: used as far as they are sound, or refused in a sentence."""

import sqlite3
import struct
import subprocess
import sys

from backports import zstd
import pytest

GIGABYTE = 2**30
CHUNK = struct.Struct('<QQQII')


def mcap_bomb(path, sizes, times=True):
    """Write an mcap file without index whose chunks unpack to so many zeros each."""
    records = b''
    for size in sizes:
        packed = (zstd.compress(bytes(min(size, 2**25)))
                  * (size // min(size, 2**25)))
        body = CHUNK.pack(0, 1, size, 0, 4) + b'zstd' + struct.pack('<Q', len(packed)) + packed
        records += struct.pack('<BQ', 6, len(body)) + body
    head = struct.pack('<I4sI', 4, b'ros2', 0)
    path.write_bytes(b'\x89MCAP0\r\n' + struct.pack('<BQ', 1, len(head)) + head + records
                     + struct.pack('<BQI', 15, 4, 0) + struct.pack('<BQQQI', 2, 20, 0, 0, 0)
                     + b'\x89MCAP0\r\n')
    return path


def one_chunk(folder, bag):
    """Make a chunk of 4 GiB."""
    return mcap_bomb(folder / 'x.mcap', [4 * GIGABYTE])


def many_chunks(folder, bag):
    """Make 200 chunks of 20 MiB."""
    return mcap_bomb(folder / 'x.mcap', [20 * 2**20] * 200)


def packed_file(folder, bag):
    """Make a packed file of 4 GiB."""
    (folder / 'x.mcap.zstd').write_bytes(zstd.compress(bytes(2**20)) * 4096)
    return folder / 'x.mcap.zstd'


def packed_message(folder, bag):
    """Pack zeros of 2 GiB as a message on weights."""
    database = rewrite_database(bag, folder / 'x')
    one = zstd.compress(bytes(2**26))
    with sqlite3.connect(database) as connection:
        connection.execute('UPDATE messages SET data = ? WHERE topic_id = (SELECT id FROM topics '
                           "WHERE name = '/weights')", (one * 32,))
    return database


def computed_column(folder, bag):
    """Let SQLite compute messages of a billion bytes."""
    database = rewrite_database(bag, folder / 'x')
    with sqlite3.connect(database) as connection:
        connection.executescript(
            'ALTER TABLE messages DROP COLUMN data; ALTER TABLE messages ADD COLUMN data BLOB '
            'GENERATED ALWAYS AS (zeroblob(1000000000)) VIRTUAL')
    return database


def long_message(folder, bag):
    """Store a message of half a gigabyte."""
    database = rewrite_database(bag, folder / 'x')
    with sqlite3.connect(database) as connection:
        connection.execute('UPDATE messages SET data = zeroblob(?) WHERE id = 2', (2**29,))
    return database


def rewrite_database(bag, target):
    """Copy a bag to sqlite3 and return its file."""
    from bag_maker import STORE
    from rosbags.rosbag2 import Reader, StoragePlugin, Writer
    with Reader(bag) as reader, Writer(target, version=9,
                                       storage_plugin=StoragePlugin.SQLITE3) as writer:
        connections = {c.id: writer.add_connection(c.topic, c.msgtype, typestore=STORE)
                       for c in reader.connections}
        for connection, stamp, data in reader.messages():
            writer.write(connections[connection.id], stamp, data)
    return target / f'{target.name}.db3'


READING = """
import resource, sys, time
from pathlib import Path
from rstdp_ros.bags.inspection import Inspector
from rstdp_ros.bags.reader import Bag
from rstdp_ros.errors import RstdpError
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    with Bag(Path(sys.argv[1])) as bag:
        Inspector(bag).inspect()
except RstdpError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - start)
"""


@pytest.mark.fault('files', 'bags that unpack to gigabytes', 'up to 4.2 GB and 60 s')
@pytest.mark.parametrize('make', [one_chunk, many_chunks, packed_file, packed_message,
                                  computed_column, long_message])
def test_a_bag_that_would_fill_the_memory_is_refused(make, bag, tmp_path, measured):
    _, path = bag
    done = subprocess.run([sys.executable, '-c', READING, str(make(tmp_path, path))], text=True,
                          capture_output=True, timeout=60)
    assert not done.returncode and not done.stderr, done.stderr
    sentence, figures = done.stdout.strip().splitlines()
    kilobytes, seconds = map(float, figures.split())
    assert 'x' in sentence and kilobytes < 500_000 and seconds < 5
    measured(f'refused within {seconds:.1f} s and {kilobytes / 1024:.0f} MB')
