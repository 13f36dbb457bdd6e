"""Whether the messages in a bag are of the expected types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rstdp_ros.support.errors import RstdpError


def check_definition(path: Path, connection: Any, kind: str, typestore: Any) -> None:
    """
    Refuse a topic whose messages are not of the type that its name implies.

    :param path: the bag, for error messages.
    :param connection: rosbags' description of one topic in the bag.
    :param kind: the message type that the topic should have.
    :param typestore: rosbags' store, with our definitions.
    :raises RstdpError: another type, or another definition of it.
    """
    if connection.msgtype != kind:
        raise RstdpError(f'{path}: {connection.topic} carries {connection.msgtype}, not {kind}')
    theirs = _hash(connection)
    if theirs and theirs != typestore.hash_rihs01(kind):
        raise RstdpError(f'{path}: {kind} of {connection.topic} is defined otherwise than in this '
                         'release; use a release for the ROS distribution that recorded it')


def _hash(connection: Any) -> str:
    """Return the hash of the definition in the bag; '' if none can be read."""
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores
    if connection.digest or not connection.msgdef.data:
        return connection.digest
    if connection.msgdef.format.name != 'MSG':
        return ''
    store = get_typestore(Stores.EMPTY)
    try:
        store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        return store.hash_rihs01(connection.msgtype)
    except Exception:  # the parser's errors are of many kinds; old bags hold no definitions either
        return ''
