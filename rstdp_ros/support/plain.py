"""Plain values: checked numbers from any source, and JSON that every reader accepts."""

from __future__ import annotations

from collections.abc import Sequence
import json
import sys
from typing import Any

import numpy as np

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import shortened

# What we write is a few levels deep; much deeper content breaks recursive functions.
MAX_DEPTH = 50
# Several numbers, in any form.
Numbers = Sequence[float] | np.ndarray


def plain(value: Any) -> Any:
    """Return numpy's scalars and arrays as Python's own numbers, strings and lists."""
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def real(name: str, value: Any) -> float:
    """
    Return a finite number as a float.

    :param name: what to call it in an error.
    :raises RstdpError: not a number (a bool is not one), not finite, or too large for a float.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RstdpError(f'{name} must be a number, not {shortened(repr(value))}')
    if not abs(value) <= sys.float_info.max:
        raise RstdpError(f'{name} = {shortened(value)} is not a finite number')
    return float(value)


def whole(name: str, value: Any) -> int:
    """
    Return a whole number as an int; 8.0 is one.

    :raises RstdpError: as for :func:`real`, or a fraction.
    """
    number = real(name, value)
    if number != int(number):
        raise RstdpError(f'{name} = {number} is not a whole number')
    return int(plain(value))


def to_json(value: Any) -> str:
    """
    Write JSON that every reader accepts: numbers that are not finite become null.

    :raises RstdpError: something that JSON cannot represent.
    """
    try:
        return json.dumps(_finite(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise RstdpError(f'cannot be written as JSON: {shortened(error)}') from None


def _finite(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, dict):
        return {plain(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not abs(value) < float('inf') else value


def from_json(text: str | bytes) -> Any:
    """
    Read untrusted JSON; use it inside ``refusing``.

    :raises RstdpError: nested too deeply.
    """
    value = json.loads(text)
    check_depth(value)
    return value


def check_depth(value: Any, depth: int = MAX_DEPTH) -> None:
    """
    Refuse a value that is nested too deeply, or contains itself.

    :raises RstdpError: it is.
    """
    if not depth:
        raise RstdpError(f'nested more than {MAX_DEPTH} levels deep')
    if isinstance(value, (dict, list, tuple)):
        for each in value.values() if isinstance(value, dict) else value:
            check_depth(each, depth - 1)
