"""Files that are complete or absent, whatever crashes when."""

import os
from pathlib import Path
import tempfile


def write_atomically(path: str | Path, data: bytes, mode: int = 0o644) -> None:
    """
    Replace a file's content; after a crash it holds the old or the new, never a mixture.

    :param mode: who may read it.
    :raises OSError: the folder cannot be created or written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
