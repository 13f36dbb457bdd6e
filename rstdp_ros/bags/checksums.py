"""rosbags' writer of mcap files, with the checksums that it lacks."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from rstdp_ros.bags.survey import CHUNK_HEAD, FOOTER_FORM, MAGIC, RECORD

# Places within a chunk's record and from the end of a file.
CHUNK_CHECKSUM = RECORD.size + CHUNK_HEAD.size - 8
FOOTER_CHECKSUM = len(MAGIC) + 4


def checked_writer() -> type:
    """Return a writer like rosbags', whose mcap files have checksums."""
    from rosbags.rosbag2 import StoragePlugin, Writer

    mcap: Any = Writer.STORAGE_PLUGINS[StoragePlugin.MCAP]

    class CheckedMcap(mcap):
        """Writes mcap files whose chunks and summary have checksums."""

        def close_chunk(self) -> None:
            """Write a chunk, then its checksum; a crash in between leaves 0: unknown."""
            place, checksum = self.bio.tell() + CHUNK_CHECKSUM, crc32(self.chunk.bio.getbuffer())
            super().close_chunk()
            self.bio.seek(place)
            self.bio.write(checksum.to_bytes(4, 'little'))
            self.bio.seek(0, 2)

        def close(self, version: int, metadata: str) -> None:
            """Write summary and footer, then the checksum of both."""
            super().close(version, metadata)
            with self.path.open('r+b') as file:
                end = file.seek(-FOOTER_CHECKSUM, 2)
                file.seek(end + 4 - FOOTER_FORM.size + RECORD.size)
                start = int.from_bytes(file.read(8), 'little')
                file.seek(start)
                checksum = crc32(file.read(end - start))
                file.write(checksum.to_bytes(4, 'little'))

    class CheckedWriter(Writer):
        """rosbags' writer with :class:`CheckedMcap` in it."""

        STORAGE_PLUGINS = {**Writer.STORAGE_PLUGINS, StoragePlugin.MCAP: CheckedMcap}

    return CheckedWriter
