"""
Damaged and hostile files: seeded mutants of a good one, and a reader's limits with them.

:func:`mutants` makes them, :func:`survives` lets a reader read them in a process of its own::

    survives(SpikingQNetwork.load, tmp_path / 'x.npz', mutants(good_bytes, seed=1, count=1000))
"""

from collections.abc import Callable, Iterable, Iterator
import io
import json
import os
from pathlib import Path
import random
import re
import resource
import signal
import struct
import time
import traceback
from typing import NamedTuple
import warnings
import zipfile

import numpy as np

from rstdp_ros.support.errors import RstdpError

SECONDS, MEGABYTES = 5.0, 500
NASTY_BYTES = (b'\x00', b'\xff', b'\x80', b'\x7f', b'\n', b'[', b'"')
NASTY_INTEGERS = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1,
                  2**63, 2**64 - 1)
NASTY_VALUES = (
    None, True, False, 0, -1, 1, 2.7, -0.0, 1e-320, 1e308, 2**31, 2**63, 2**64, 10**400,
    float('nan'), float('inf'), float('-inf'), '', 'x', '\x00', '\ud800', 'ä' * 1000, '1', 'nan',
    '../../x', 'network:n99', [], {}, [[]], [None], {'': None}, {'name': 'x'}, [1] * 1000,
    ['a', 1, None])
NASTY_WORDS = (
    'null', '~', 'true', 'NaN', '.nan', '.inf', '-Infinity', '1e999', '-1', '0', '2020-13-45',
    '2020-01-01', '0x', '1_0', '9' * 400, '""', '"x"', '[]', '{}', '[' * 3000, '{"a":' * 3000,
    '*a', '&a [*a]', '!!python/object:os.system x', '!!binary x', '!!timestamp x', '!!int x',
    '<<: 1', '? [a]', '---', '- ' * 500, "'", '\t', '\x00', '\ufeff', '💣')
TOKEN = re.compile(r'-?\d[\w.+-]*|"[^"]*"|\'[^\']*\'|\w+|[\[\]{}:,()<>=-]')


class Survival(NamedTuple):
    """
    A reader's results with mutants.

    :param refused: number refused with a sentence; ``read``: number accepted.
    :param seconds: the longest time with one file.
    :param megabytes: growth of the process's memory at its peak.
    """

    refused: int
    read: int
    seconds: float
    megabytes: float

    def __str__(self):
        return (f'{self.refused} refused, {self.read} still valid; at most {self.seconds:.2f} s '
                f'and {self.megabytes:.0f} MB')


def mutants(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """
    Make different mutants of a file's bytes; the same seed makes the same ones.

    Archives are damaged in their bytes or, with correct checksums, in their members; .npy members
    in header, text or values; text in its tokens or, where it is JSON, in its values.
    """
    rng, seen = random.Random(seed), {data}
    while len(seen) <= count:
        changed = mutant(data, rng)
        if changed not in seen:
            seen.add(changed)
            yield changed


def mutant(data: bytes, rng: random.Random) -> bytes:
    """Return one mutant."""
    shaped = next((change for fits, change in SHAPED if fits(data)), mutated_bytes)
    return (shaped if rng.random() < 0.75 else mutated_bytes)(data, rng)


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flip, overwrite, cut, double, move or insert bytes, once or a few times."""
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        a, b = sorted(rng.randrange(len(result) + 1) for _ in range(2))
        if rng.random() < 0.7:
            b = min(b, a + 64)
        kind = rng.randrange(7)
        if kind == 0 and a < len(result):
            result[a] ^= 1 << rng.randrange(8)
        elif kind == 1:
            result[a:b] = rng.choice(NASTY_BYTES) * (b - a)
        elif kind == 2:
            result[a:b] = rng.randbytes(b - a)
        elif kind == 3:
            result[a:b] = result[a:b] * rng.randrange(3)
        elif kind == 4:
            to = rng.randrange(len(result) + 1)
            result[to:to] = result[a:b]
        elif kind == 5:
            size, order = rng.choice((1, 2, 4, 8)), rng.choice('<>')
            number = rng.choice(NASTY_INTEGERS) % 2**(8 * size)
            result[a:a + size] = struct.pack(order + 'BHIQ'[size.bit_length() - 1], number)
        else:
            del result[rng.choice((0, a, a, b)):]
    return bytes(result)


def mutated_zip(data: bytes, rng: random.Random) -> bytes:
    """Change a member, its name, its number or its order; checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    i = rng.randrange(len(members))
    name, content = members[i]
    kind = rng.randrange(10)
    if kind == 0:
        del members[i]
    elif kind == 1:
        members.append((name, mutant(content, rng)))
    elif kind == 2:
        members[i] = rng.choice(('', 'x', name + 'x', '../' + name, name[:-4])), content
    elif kind == 3:
        members[i] = name, rng.choice(members)[1]
    elif kind == 4:
        members[i] = name, rng.choice((b'', data, b'\x00' * 10**7, b'\x93NUMPY'))
    else:
        members[i] = name, mutant(content, rng)
    buffer = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, 'w', method) as archive, warnings.catch_warnings():
        warnings.simplefilter('ignore')  # two members of one name are intended
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, content)
    return buffer.getvalue()


def mutated_array(data: bytes, rng: random.Random) -> bytes:
    """Change an .npy file: its header, its text, the bytes in it, its values, shape or type."""
    if rng.random() < 0.3:
        return _mutated_header(data, rng)
    array = np.load(io.BytesIO(data))
    if array.dtype.kind == 'U':
        array = np.array(mutated_text(str(array).encode(), rng).decode(errors='replace'))
    elif array.dtype == np.uint8 and array.size:
        array = np.frombuffer(mutant(array.tobytes(), rng), np.uint8)
    else:
        array = rng.choice((_mutated_values, _mutated_shape))(array, rng)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _mutated_header(data, rng):
    length, = struct.unpack('<H', data[8:10])
    header = data[10:10 + length].decode('latin1')
    kind = rng.randrange(3)
    if kind == 0:
        shape = rng.choice(((2**40,), (2**31, 2**31), (-1,), (2**63,), (), (0,), (10**8,)))
        header = re.sub(r'\(.*?\)', str(shape), header)
    elif kind == 1:
        types = '|O', '<f8', '<U9', '|V8', '<c8', '<M8[ns]', 'x', '|S1', '>f4', '<f2', '|b1'
        header = re.sub(r"'[<>|]\w+'", repr(rng.choice(types)), header)
    else:
        header = mutated_text(header.encode(), rng).decode(errors='replace')
    encoded = header.encode('latin1', 'replace')[:65535]
    return data[:8] + struct.pack('<H', len(encoded)) + encoded + data[10 + length:]


def _mutated_values(array, rng):
    array = array.copy().reshape(-1)
    for _ in range(rng.choice((1, 3, 100))):
        value = rng.choice((np.nan, np.inf, -np.inf, 0, 1e38, -1e38, 1e-40))
        if array.size and (np.isfinite(value) or array.dtype.kind == 'f'):
            with np.errstate(all='ignore'):
                array[rng.randrange(array.size)] = value
    return array


def _mutated_shape(array, rng):
    return rng.choice((array.T, array[:-1], array[:0], array.reshape(-1), array[None],
                       array.astype(object)[:1], np.asfortranarray(array),
                       array.astype(rng.choice(('f8', 'i8', 'f2', 'U9', 'c8', '>f4', '?')))))


def mutated_text(data: bytes, rng: random.Random) -> bytes:
    """Change a value of JSON or of a line of it, a token of other text, or a whole line."""
    text = data.decode(errors='replace')
    lines = text.splitlines(keepends=True)
    i = rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        return _mutated_tokens(text, rng).encode(errors='replace')
    if kind == 1 and len(lines) > 1:
        lines[i] = rng.choice(('', lines[i] * 2, rng.choice(lines), ' ' + lines[i],
                               rng.choice(NASTY_WORDS) + '\n'))
        return ''.join(lines).encode(errors='replace')
    try:
        lines[i] = _mutated_json(lines[i], rng) + '\n'
        return ''.join(lines).encode(errors='replace')
    except ValueError:
        try:
            return _mutated_json(text, rng).encode(errors='replace')
        except ValueError:
            return _mutated_tokens(text, rng).encode(errors='replace')


def _mutated_tokens(text, rng):
    tokens = list(TOKEN.finditer(text))
    for _ in range(rng.choice((1, 1, 2, 5))):
        if tokens:
            token = rng.choice(tokens)
            text = text[:token.start()] + rng.choice(NASTY_WORDS) + text[token.end():]
            tokens = list(TOKEN.finditer(text))
    return text


def _mutated_json(text, rng):
    """Replace, remove, rename or nest a value anywhere in the tree."""
    root = [json.loads(text)]
    places = []

    def walk(parent):
        for key in (parent if isinstance(parent, dict) else range(len(parent))):
            places.append((parent, key))
            if isinstance(parent[key], (dict, list)):
                walk(parent[key])
    walk(root)
    parent, key = rng.choice(places)
    kind = rng.randrange(6)
    if kind == 0 and parent is not root:
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[rng.choice(('', 'x', f'{key} '))] = parent.pop(key)
    elif kind == 2:
        other, name = rng.choice(places)
        parent[key] = json.loads(json.dumps(other[name]))
    elif kind == 3:
        depth = rng.choice((1, 100, 100_000))
        return json.dumps(root[0]).replace(json.dumps(parent[key]), '[' * depth + ']' * depth, 1)
    else:
        parent[key] = rng.choice(NASTY_VALUES)
    return json.dumps(root[0])


def _is_text(data):
    try:
        return bool(data.strip()) and data.decode().isprintable() or b'\n' in data[:10_000]
    except UnicodeDecodeError:
        return False


SHAPED = ((lambda data: data[:4] == b'PK\x03\x04' and zipfile.is_zipfile(io.BytesIO(data)),
           mutated_zip),
          (lambda data: data[:6] == b'\x93NUMPY', mutated_array),
          (_is_text, mutated_text))


def survives(reader: Callable[[Path], object], path: Path, contents: Iterable[bytes],
             seconds: float = SECONDS, megabytes: float = MEGABYTES) -> Survival:
    """
    Let a reader read the contents one by one from a file, in a process of its own.

    :param reader: may return anything or raise RstdpError with a sentence of one line.
    :return: the figures, if every content was survived; otherwise an AssertionError describes the
        first that was not, which stays in the file.
    """
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(receiver)
            with os.fdopen(sender, 'w') as words:
                _read_all(reader, path, contents, seconds, megabytes, words)
            code = 0
        finally:
            os._exit(code)
    os.close(sender)
    with os.fdopen(receiver) as words:
        told = words.read()
    _, status = os.waitpid(child, 0)
    assert told.startswith('{'), f'{path}: the reader died of {status}: {told}'
    return Survival(**json.loads(told))


def _read_all(reader, path, contents, seconds, megabytes, words):
    # Memory beyond this is a MemoryError instead of a dead machine.
    size = _memory('VmSize')
    resource.setrlimit(resource.RLIMIT_AS, (size + 4 * megabytes * 2**20,) * 2)
    # The default action ends the process even if C code never returns.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    Path('/proc/self/clear_refs').write_text('5')
    before = _memory('VmHWM')
    refused = read = 0
    longest = most = 0.0
    for content in contents:
        path.write_bytes(content)
        # Processor time, as others may use it too; a process that waits forever is ended as well.
        signal.alarm(int(6 * seconds))
        start = time.process_time()
        try:
            reader(path)
            read += 1
        except RstdpError as error:
            refused += 1
            if '\n' in str(error) or len(str(error)) > 2000:
                words.write(f'no sentence: {error}')
                return
        except BaseException:
            words.write(traceback.format_exc())
            return
        longest = max(longest, time.process_time() - start)
        signal.alarm(0)
        most = max(most, (_memory('VmHWM') - before) / 2**20)
        if longest > seconds or most > megabytes:
            words.write(f'{longest:.1f} s, {most:.0f} MB')
            return
    json.dump({'refused': refused, 'read': read, 'seconds': longest, 'megabytes': most}, words)


def _memory(name):
    line = next(line for line in Path('/proc/self/status').read_text().splitlines()
                if line.startswith(name))
    return int(line.split()[1]) * 1024
