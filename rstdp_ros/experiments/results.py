"""Results on disk: a table of rows per study, and its origin."""

from __future__ import annotations

from datetime import date
import io
import json
from pathlib import Path
import platform
from typing import Any, TYPE_CHECKING

import numpy as np

from rstdp_ros import __version__
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.study import Study
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.plain import from_json
from rstdp_ros.support.untrusted import read_file, refusing

LIMIT = 2**27

if TYPE_CHECKING:
    from pandas import DataFrame


def save(study: Study, rows: Rows, folder: Path, origin: dict[str, Any]) -> Path:
    """
    Write a study's rows, figure and origin.

    :param origin: the command, the number of finished jobs, and the wall time that this run added
        to that of earlier runs.
    :return: path of the table, which depends only on the jobs.
    """
    from pandas import DataFrame
    data = DataFrame(rows)
    path = folder / f'{study.name}.csv'
    previous = load(study, folder) if path.with_suffix('.json').exists() else None
    seconds = origin['seconds'] + (previous[1]['seconds'] if previous else 0.0)
    write_atomically(path, data.to_csv(index=False, lineterminator='\n').encode())
    write_atomically(path.with_suffix('.json'), json.dumps(
        {**origin, 'seconds': round(seconds, 1), 'date': date.today().isoformat(), **versions()},
        indent=1).encode())
    draw(study, data, folder)
    return path


def draw(study: Study, data: DataFrame, folder: Path) -> None:
    """Write a study's figure."""
    figure = io.BytesIO()
    study.figure(data).savefig(figure, format='png', dpi=110)
    write_atomically(folder / f'{study.name}.png', figure.getvalue())


def load(study: Study, folder: Path) -> tuple[DataFrame, dict[str, Any]] | None:
    """
    Read the files of :func:`save`.

    :return: the rows and their origin; None if the study was not run.
    :raises RstdpError: damaged files.
    """
    from pandas import read_csv
    path = folder / f'{study.name}.csv'
    if not path.exists():
        return None
    with refusing(path):
        data = read_csv(io.BytesIO(read_file(path, LIMIT)))
        return data, from_json(read_file(path.with_suffix('.json'), LIMIT))


def versions() -> dict[str, str]:
    """Return the versions that results depend on besides the jobs."""
    return {'rstdp_ros': __version__, 'numpy': np.__version__,
            'python': platform.python_version(),
            'machine': f'{platform.system()} {platform.machine()}'}
