"""Write a bag while messages arrive, on a thread of its own."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
import itertools
from pathlib import Path
import threading
import time
from typing import Any

from rstdp_ros.bags.checksums import checked_writer
from rstdp_ros.bags.opening import refuse_odd
from rstdp_ros.bags.topics import load_typestore, NEEDS_ROSBAGS, STORAGES, Topic, TOPICS
from rstdp_ros.support.errors import RstdpError

WRITE_PERIOD = 0.05
# The most that a killed recorder loses, s.
SECURE_PERIOD = 1.0
VERSION = 9


class BagWriter:
    """
    A rosbag2 bag that grows; ``write`` only appends to a queue.

    :param path: the folder of the bag, which must not exist yet.
    :param storage: a name in ``STORAGES``.
    :param namespace: of the graph, with its leading slash, or ''.
    :ivar counts: messages per topic so far.
    :ivar failure: why nothing is written any more, '' if all is well.
    :raises RstdpError: rosbags is missing, the storage is unknown, or the folder cannot be made.
    """

    def __init__(self, path: Path, storage: str = STORAGES[0], namespace: str = '') -> None:
        if storage not in STORAGES:
            raise RstdpError(f'unknown storage {storage!r}; known are {", ".join(STORAGES)}')
        if storage == 'sqlite3':
            refuse_odd(path)
        try:
            import rosbags.rosbag2  # noqa: F401
        except ModuleNotFoundError as error:
            raise RstdpError(NEEDS_ROSBAGS.format(error.name)) from None
        self.path, self.failure = path, ''
        self.counts: Counter[str] = Counter()
        self._queue: deque[tuple[str, int, bytes]] = deque()
        self._custom_data: dict[str, str] = {}
        self._last = 0
        self._opened, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(storage, namespace), daemon=True)
        self._thread.start()
        self._opened.wait()
        if self.failure:
            raise RstdpError(self.failure)

    def write(self, topic: str, data: bytes) -> None:
        """Queue a message, whose time is now; not after a failure, or memory would fill."""
        if self.failure:
            return
        # A clock set back must not put messages out of order.
        self._last = max(time.time_ns(), self._last + 1)
        self._queue.append((topic, self._last, data))

    def close(self, custom_data: Mapping[str, str]) -> None:
        """
        Write the remaining messages, the index and the metadata.

        :param custom_data: added to the metadata.
        """
        self._custom_data.update(custom_data)
        self._stop.set()
        self._thread.join()

    def _run(self, storage: str, namespace: str) -> None:
        """Open, write and close: SQLite must be used by one thread alone."""
        try:
            self._open(storage, namespace)
            self._opened.set()
            secured = time.monotonic()
            while not self._stop.wait(WRITE_PERIOD):
                self._drain()
                if time.monotonic() - secured > SECURE_PERIOD:
                    secured = time.monotonic()
                    self._secure()
            self._drain()
            for key, value in self._custom_data.items():
                self._writer.set_custom_data(key, value)
            self._writer.close()
        except Exception as error:  # a full disk, say; the recorder must hear of it
            self.failure = f'{self.path}: cannot be recorded to ({error})'
        finally:
            self._opened.set()

    def _open(self, storage: str, namespace: str) -> None:
        from rosbags.rosbag2 import StoragePlugin

        self._writer = checked_writer()(self.path, version=VERSION,
                                        storage_plugin=StoragePlugin[storage.upper()])
        self._writer.open()
        typestore = load_typestore()
        self._connections = {topic.name: self._writer.add_connection(
            full_name(topic.name, namespace), topic.kind, typestore=typestore,
            offered_qos_profiles=[offered_qos(topic)]) for topic in TOPICS}

    def _drain(self) -> None:
        for _ in range(len(self._queue)):
            topic, stamp, data = self._queue.popleft()
            self._writer.write(self._connections[topic], stamp, data)
            self.counts[topic] += 1

    def _secure(self) -> None:
        """Flush to disk; rosbags itself does so per MiB (mcap) or at the end."""
        storage = self._writer.storage
        if hasattr(storage, 'close_chunk'):
            if storage.chunk.msgs:
                storage.close_chunk()
            storage.bio.flush()
        else:
            storage.conn.commit()


def full_name(topic: str, namespace: str) -> str:
    """
    Return the absolute name of a topic.

    :param namespace: with its leading slash, or ''.
    """
    return topic if topic.startswith('/') else f'{namespace.rstrip("/")}/{topic}'


def free_path(path: Path) -> Path:
    """Return the path, or the first of path_1, path_2, ... that does not exist yet."""
    names = (path.with_name(f'{path.name}_{i}') for i in itertools.count(1))
    return next(name for name in itertools.chain([path], names) if not name.exists())


def offered_qos(topic: Topic) -> Any:
    """Describe a topic's quality of service as bags do, for players."""
    from rosbags.interfaces import (
        Qos,
        QosDurability,
        QosHistory,
        QosLiveliness,
        QosReliability,
        QosTime,
    )
    durability = QosDurability.TRANSIENT_LOCAL if topic.latched else QosDurability.VOLATILE
    return Qos(QosHistory.KEEP_LAST, topic.depth, QosReliability.RELIABLE, durability,
               QosTime(0, 0), QosTime(0, 0), QosLiveliness.AUTOMATIC, QosTime(0, 0), False)
