"""
The boundary of trust: what every reader of foreign content does with what it did not expect.

A list of exception types is never complete: zipfile, zlib, numpy, json, yaml and others raise
whatever damaged bytes lead them to. So whoever reads a file, a message or a parameter that
somebody else wrote does so inside :func:`refusing`, and whoever shows a sender's words shortens
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import stat

from rstdp_ros.support.errors import RstdpError

# As much of a stranger's words as anybody needs; diagnostics carry them once per second.
REASON_LENGTH = 300


def shortened(reason: object) -> str:
    """Cut what a sender may have made as long as it likes, in the middle, to one line of text."""
    text = ' '.join(str(reason).split())
    half = (REASON_LENGTH - 5) // 2
    text = text if len(text) <= REASON_LENGTH else f'{text[:half]} ... {text[-half:]}'
    # A terminal obeys control characters, and half of a character cannot be sent.
    return ''.join(c if c.isprintable() else '\N{REPLACEMENT CHARACTER}' for c in text)


@contextmanager
def refusing(source: object, kind: type[RstdpError] = RstdpError) -> Iterator[None]:
    """
    Turn whatever goes wrong inside into one sentence.

    :param source: names the culprit.
    :param kind: what is raised; an RstdpError from inside passes as it is.
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
    Read a whole file that cannot be larger than it should be, or endless, or never answer.

    :param limit: bytes.
    :raises RstdpError: of that kind: missing, no regular file, unreadable or too large; names it.
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
