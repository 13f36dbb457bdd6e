"""
The trust boundary: how every reader of foreign content handles the unexpected.

A list of exception types is never complete: damaged bytes make zipfile, zlib, numpy, json, yaml
and others raise anything. So untrusted files, messages and parameters are read inside
:func:`refusing`, and a sender's text is shown only :func:`shortened`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import stat

from rstdp_ros.support.errors import RstdpError

# Enough of a stranger's text for any reader; diagnostics carry it once per second.
REASON_LENGTH = 300


def shortened(reason: object) -> str:
    """Reduce a sender's text, which may be of any length, to one line, cut in the middle."""
    text = ' '.join(str(reason).split())
    half = (REASON_LENGTH - 5) // 2
    text = text if len(text) <= REASON_LENGTH else f'{text[:half]} ... {text[-half:]}'
    # Terminals obey control characters, and half of a surrogate pair cannot be sent.
    return ''.join(c if c.isprintable() else '\N{REPLACEMENT CHARACTER}' for c in text)


@contextmanager
def refusing(source: object, kind: type[RstdpError] = RstdpError) -> Iterator[None]:
    """
    Turn whatever goes wrong inside into one sentence.

    :param source: the culprit, for the message.
    :param kind: the exception to raise; an RstdpError from inside passes unchanged.
    :raises RstdpError: of that kind.
    """
    try:
        yield
    except RstdpError:
        raise
    except Exception as error:
        raise kind(f'{source}: damaged or foreign ({type(error).__name__})') from None


def read_file(path: str | Path, limit: int, kind: type[RstdpError] = RstdpError) -> bytes:
    """
    Read a whole file, refusing one that is too large, endless or might never answer.

    :param limit: bytes.
    :raises RstdpError: of that kind: missing, not a regular file, unreadable or too large; names
        it.
    """
    path = Path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise kind(f'{path}: not a regular file')
        with path.open('rb') as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise kind(f'{path}: no such file') from None
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise kind(f'{path}: cannot be read ({reason})') from None
    if len(data) > limit:
        raise kind(f'{path}: larger than {limit} bytes')
    return data
