"""Pictures into a file: GIF by Pillow, MP4 by ffmpeg."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import io
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
from typing import Any

import numpy as np

from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError

COLORS = 64
NEARLY_WHITE = 245


def check_output(path: Path) -> None:
    """
    Check, before the work begins, that a film can be written.

    :raises RstdpError: a suffix other than .gif or .mp4, no ffmpeg, no folder to write to.
    """
    if path.suffix not in ('.gif', '.mp4'):
        raise RstdpError(f'{path}: a film is a .gif or an .mp4')
    if path.suffix == '.mp4' and shutil.which('ffmpeg') is None:
        raise RstdpError(f'{path}: an .mp4 needs ffmpeg, which is not on the PATH; install it, '
                         'or name a .gif')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RstdpError(f'{path}: cannot be written ({error.strerror})') from None
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise RstdpError(f'{path}: cannot be written')


def write_film(path: Path, pictures: Sequence[np.ndarray], fps: int,
               progress: Callable[[int], None] = lambda done: None) -> None:
    """
    Write a film, completely or not at all.

    :param pictures: (height, width, 3) uint8 each, drawn on request.
    :param progress: called with the number of pictures done.
    :raises RstdpError: the file cannot be written.
    """
    try:
        (_write_gif if path.suffix == '.gif' else _write_mp4)(path, pictures, fps, progress)
    except OSError as error:
        raise RstdpError(f'{path}: the film cannot be written ({error})') from None


def _write_gif(path: Path, pictures: Sequence[np.ndarray], fps: int,
               progress: Callable[[int], None]) -> None:
    """Write all pictures with one palette: smaller, and without flicker."""
    from PIL import Image
    plain: dict[str, Any] = {'dither': Image.Dither.NONE}
    samples = [pictures[i] for i in (0, len(pictures) // 2, -1)]
    palette = _palette(Image.fromarray(np.concatenate(samples)).quantize(COLORS, **plain))
    frames = []
    for i in range(len(pictures)):
        frames.append(Image.fromarray(pictures[i]).quantize(palette=palette, **plain))
        progress(i + 1)
    # A GIF counts hundredths of a second: keep their sum exact, not each of them.
    ends = [round(100 * i / fps) for i in range(len(frames) + 1)]
    durations = [10 * (end - begin) for begin, end in zip(ends, ends[1:])]
    buffer = io.BytesIO()
    frames[0].save(buffer, 'GIF', save_all=True, append_images=frames[1:], duration=durations,
                   loop=0)
    write_atomically(path, buffer.getvalue())


def _palette(image: Any) -> Any:
    """Turn nearly white colours of an image's palette white, as they were meant to be."""
    colors = np.array(image.getpalette()).reshape(-1, 3)
    colors[colors.min(axis=1) >= NEARLY_WHITE] = 255
    image.putpalette(colors.flatten().tolist())
    return image


def _write_mp4(path: Path, pictures: Sequence[np.ndarray], fps: int,
               progress: Callable[[int], None]) -> None:
    """Pass the pictures to ffmpeg one by one."""
    # The usual pixel format halves both sides, so they must be even.
    height, width = (side // 2 * 2 for side in pictures[0].shape[:2])
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}.', dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        process = subprocess.Popen(
            ['ffmpeg', '-y', '-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24',
             '-s', f'{width}x{height}', '-r', str(fps), '-i', '-', '-pix_fmt', 'yuv420p',
             '-movflags', '+faststart', str(unfinished)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            for i in range(len(pictures)):
                process.stdin.write(pictures[i][:height, :width].tobytes())
                progress(i + 1)
        except BrokenPipeError:
            pass  # ffmpeg says why
        finally:
            _, words = process.communicate()
        if process.returncode:
            last = (words.decode(errors='replace').strip().splitlines() or ['no reason'])[-1]
            raise RstdpError(f'{path}: ffmpeg failed: {last}')
        os.replace(unfinished, path)
