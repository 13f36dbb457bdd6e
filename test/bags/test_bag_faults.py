"""Hostile, damaged and unusual bags: used as far as they are sound, or refused in a sentence."""

import os
import sqlite3
import struct
import subprocess
import sys

from backports import zstd
from bag_maker import digests, replayed, rewrite, rewrite_checked, rewrite_database, split
import pytest

from rstdp_ros.bags.reader import Bag
from rstdp_ros.cli.main import main
from rstdp_ros.support.errors import RstdpError

GIGABYTE = 2**30
CHUNK = struct.Struct('<QQQII')


def mcap_bomb(path, sizes):
    """Write an mcap file without index whose chunks unpack to zeros of the given sizes."""
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


READING = """
import resource, sys, time
from pathlib import Path
from rstdp_ros.bags.inspection import Inspector
from rstdp_ros.bags.reader import Bag
from rstdp_ros.support.errors import RstdpError
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


@pytest.mark.fault('files', 'bits of an mcap bag that flip', 'no checksum: read as if true')
@pytest.mark.parametrize('place', [0.02, 0.3, 0.9])
def test_a_bit_that_flips_costs_its_chunk_alone_and_is_told(bag, shipped, tmp_path, place,
                                                            measured):
    run, path = bag
    # Several chunks, as in a longer run, by our own writer.
    file = rewrite_checked(path, tmp_path / 'more' / 'more.mcap')
    data = bytearray(file.read_bytes())
    summary = data.rfind(struct.pack('<BQI', 15, 4, 0))
    data[int(place * summary)] ^= 4
    file.write_bytes(data)
    steps, _, complaints = replayed(file, shipped)  # its first network is in the first chunk
    assert 'damaged; 1 of ' in complaints[0]
    made = digests(steps)
    assert all(a in (b, None) for a, b in zip(made[-4:], run.digests[-4:])) and len(made) >= 4
    measured('that chunk is left out and named, the rest is replayed')


@pytest.mark.parametrize('part', ['chunk index', 'statistics'])
def test_an_index_that_lies_is_not_believed(bag, tmp_path, part):
    run, path = bag
    file = rewrite_checked(path, tmp_path / 'more' / 'more.mcap')
    data = bytearray(file.read_bytes())
    summary = data.rfind(struct.pack('<BQI', 15, 4, 0)) + 13
    kind = {'chunk index': 8, 'statistics': 11}[part]
    place = summary
    while data[place] != kind:
        place += 9 + struct.unpack_from('<Q', data, place + 1)[0]
    data[place + 9 + 20] ^= 255
    file.write_bytes(data)
    steps, _, complaints = replayed(file)
    assert digests(steps) == run.digests and 'its index is damaged' in complaints[0]


def pack(file):
    """Do what ros2 bag does with a split that is full."""
    file.with_name(file.name + '.zstd').write_bytes(zstd.compress(file.read_bytes()))
    file.unlink()


@pytest.mark.fault('files', 'a killed recorder with compressed splits',
                   'bag_0.mcap.zstd skipped without a word: 60 % missing, exit code 0')
@pytest.mark.parametrize('packed', ['first', 'all', 'all, named by metadata', 'twice', 'alone'])
def test_packed_splits_are_used(bag, tmp_path, packed, measured):
    run, path = bag
    other = split(path, tmp_path / 'other')
    files = sorted(other.glob('*.mcap'))
    if packed == 'twice':  # the recorder was killed while it packed
        # Whatever order a folder lists them in.
        for file in files:
            whole = file.read_bytes()
            file.unlink()
            (other / f'{file.name}.zstd').write_bytes(zstd.compress(whole)[:999])
            file.write_bytes(whole)
    elif packed == 'alone':
        pack(files[0])
        half = replayed(other / f'{files[0].name}.zstd')[0]
        assert digests(half) == run.digests[:len(half)] and 3 <= len(half) < 8
        return
    else:
        for file in files[:1 if packed == 'first' else 2]:
            pack(file)
    if 'named' not in packed:
        (other / 'metadata.yaml').unlink()
    assert digests(replayed(other)[0]) == run.digests
    measured('all of it is replayed')


@pytest.mark.fault('files', 'packed messages without metadata.yaml', 'an empty table')
@pytest.mark.parametrize('how', ['MESSAGE', 'FILE'])
def test_packed_messages_need_no_metadata(bag, tmp_path, how):
    run, path = bag
    other = rewrite(path, tmp_path / 'other', compression=how)
    (other / 'metadata.yaml').unlink()
    assert digests(replayed(other)[0]) == run.digests


@pytest.mark.fault('files', 'topics without their first slash', '"holds no topic of a graph"')
@pytest.mark.parametrize('before, after', [('/', ''), ('/', 'robot/'), ('/', '/robot/')])
def test_topics_may_lack_their_first_slash(bag, tmp_path, before, after):
    run, path = bag
    database = rewrite_database(path, tmp_path / 'x')
    with sqlite3.connect(database) as connection:
        connection.execute('UPDATE topics SET name = ? || substr(name, 2) '
                           "WHERE name NOT IN ('/diagnostics', '/parameter_events')", (after,))
    assert digests(replayed(database)[0]) == run.digests
    with Bag(database) as opened:
        assert opened.namespace == ('/robot' if 'robot' in after else '')


@pytest.mark.parametrize('what', ['a file', 'messages'])
def test_what_metadata_name_and_is_not_there_is_told(bag, tmp_path, what, capsys):
    run, path = bag
    other = split(path, tmp_path / 'other')
    if what == 'a file':
        (other / 'other_1.mcap').unlink()
    else:
        file = other / 'other_1.mcap'
        file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])
    assert main(['replay', str(other)]) == 1 and main(['inspect', str(other)]) == 1
    said = capsys.readouterr().out
    assert 'messages that metadata.yaml counts are not there' in said
    assert ('other_1.mcap' in said) and ('1 of 2 files' in said) == (what == 'a file')


@pytest.mark.parametrize('name', ['metadata.yaml', 'bag_1.mcap', 'bag_1.db3'])
def test_a_pipe_in_a_bag_is_never_waited_for(bag, name):
    run, path = bag
    (path / 'metadata.yaml').unlink()
    os.mkfifo(path / name)
    steps, _, complaints = replayed(path)
    assert digests(steps) == run.digests and any(
        name in said and 'not a regular file' in said for said in complaints)
    with pytest.raises(RstdpError, match='not a regular file|not a bag'):
        Bag(path / name)


def test_a_checksum_is_in_every_chunk_and_summary(bag):
    _, path = bag
    data = next(path.glob('*.mcap')).read_bytes()
    assert struct.unpack_from('<I', data, len(data) - 12) != (0,)
    place = 8
    while data[place] != 6:
        place += 9 + struct.unpack_from('<Q', data, place + 1)[0]
    assert CHUNK.unpack_from(data, place + 9)[3]
