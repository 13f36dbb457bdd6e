"""Saving figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rstdp_ros.support.errors import RstdpError


def save_plot(figure: Any, path: Path) -> None:
    """
    Write a figure.

    :param path: .png, .svg or .pdf; its folder is created.
    :raises RstdpError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise RstdpError(f'{path}: the plot cannot be written ({error})') from None
