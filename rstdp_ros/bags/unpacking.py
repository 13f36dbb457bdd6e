"""Decompression that stops in time: a few bytes can unpack to more than the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rstdp_ros.support.errors import RstdpError

# Limit of a chunk or a message; the largest of a camera or a lidar stay below, and a chunk of tiny
# messages still fits in memory as objects.
MAX_UNPACKED = 32 * 2**20
# Recordings compress by 5 to 30, a bomb by thousands.
MAX_RATIO = 200
ZSTD = b'\x28\xb5\x2f\xfd'
BLOCK = 2**20


def unpack(data: bytes, compression: str = 'zstd', limit: int = MAX_UNPACKED) -> bytes:
    """
    Unpack a chunk or a message.

    :param compression: zstd, lz4 or '' for none.
    :param limit: largest unpacked size, bytes.
    :raises RstdpError: it would exceed the limit, ends early or is packed differently.
    """
    if not compression:
        return data
    decompressor = _decompressor(compression)
    unpacked = decompressor.decompress(data, max_length=limit + 1)
    if len(unpacked) > limit:
        raise RstdpError(f'unpacks to more than {limit} bytes')
    if not decompressor.eof or decompressor.unused_data:
        raise RstdpError('packed data that do not end where they should')
    return unpacked


def unpack_file(path: Path, folder: Path) -> tuple[Path, str]:
    """
    Unpack a .zstd file as far as it is intact.

    :param folder: for the copy, whose name lacks the last suffix.
    :return: the copy, and what is wrong with the original, or ''.
    :raises RstdpError: it unpacks to more than any recording.
    """
    copy, size, wrong = folder / path.stem, 0, ''
    limit = MAX_RATIO * path.stat().st_size + MAX_UNPACKED
    zstd = _zstd()
    with zstd.open(path, 'rb') as source, copy.open('wb') as target:
        try:
            while block := source.read(BLOCK):
                size += target.write(block)
                if size > limit:
                    raise RstdpError(f'{path}: unpacks to more than {limit} bytes, which no '
                                     'recording does')
        except EOFError:
            wrong = f'{path}: its end is missing; what comes before is used'
        except zstd.ZstdError as error:
            wrong = f'{path}: damaged ({error}); what comes before is used'
    return copy, wrong


def _zstd() -> Any:
    """Return the module that rosbags uses."""
    try:
        from compression import zstd
    except ModuleNotFoundError:
        from backports import zstd
    return zstd


def _decompressor(compression: str) -> Any:
    if compression == 'zstd':
        return _zstd().ZstdDecompressor()
    if compression == 'lz4':
        from lz4.frame import LZ4FrameDecompressor
        return LZ4FrameDecompressor()
    raise RstdpError(f'packed by {compression!r}; known are zstd and lz4')
