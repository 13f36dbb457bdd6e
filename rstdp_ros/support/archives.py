"""Numpy archives (.npz) from untrusted sources."""

from __future__ import annotations

from collections.abc import Mapping
import io
import zipfile

import numpy as np

from rstdp_ros.support.errors import RstdpError

MAX_MEMBERS = 100
MEMBER = b'PK\x01\x02'  # begins a member's entry in the directory of a zip file


def read_arrays(data: bytes, limit: int, most: int = MAX_MEMBERS) -> Mapping[str, np.ndarray]:
    """
    Read all arrays of an archive; use it inside ``refusing``.

    :param limit: bytes that all arrays together may unpack to.
    :param most: members, those of archives in it included.
    :raises RstdpError: too many members, too large, a member that is not an array, or two members
        of one name.
    """
    if data.count(MEMBER) > most:
        raise RstdpError(f'holds more than {most} members')
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > limit:
            raise RstdpError(f'unpacks to more than {limit} bytes')
        if len({member.filename for member in members}) < len(members):
            raise RstdpError('holds two members of one name')
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    # A member that is not a .npy is returned as bytes.
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise RstdpError(f'its member {name!r} is not an array')
    return arrays
