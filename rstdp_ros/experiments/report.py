"""The report: the results of all studies, in one HTML file that needs no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TYPE_CHECKING

from rstdp_ros.drawing.page import page, section
from rstdp_ros.experiments.results import draw, load
from rstdp_ros.experiments.studies import STUDIES
from rstdp_ros.experiments.study import Study
from rstdp_ros.support.atomic import write_atomically

if TYPE_CHECKING:
    from pandas import DataFrame

HEADING = 'Fine-tuning spiking policies with r-STDP: what reproduces'
INTRODUCTION = (
    'After M. Akl, Y. Sandamirskaya, D. Ergene, F. Walter and A. Knoll, “Fine-tuning Deep '
    'Reinforcement Learning Policies with r-STDP for Domain Adaptation”, ICONS 2022. Starts from '
    'different ranges of seeds serve for training, adaptation, selection and for the held-out '
    'measurement; the last one served for nothing else.')


def draw_again(folder: Path) -> None:
    """Redraw the figures of all results in a folder."""
    for study in STUDIES.usable().values():
        if result := load(study, folder):
            draw(study, result[0], folder)


def write_report(folder: Path) -> Path:
    """
    Write all results of a folder into one file.

    :return: its path.
    """
    results = [(study, load(study, folder)) for study in STUDIES.usable().values()]
    path = folder / 'report.html'
    write_atomically(path, page('rstdp_ros: reproduction', HEADING, INTRODUCTION, (
        _section(study, *result, folder) for study, result in results if result)))
    return path


def _section(study: Study, data: DataFrame, origin: dict[str, Any], folder: Path) -> str:
    known = ('command', 'seconds', 'jobs', 'date')
    versions = ', '.join(f'{k} {v}' for k, v in origin.items() if k not in known)
    made = f'{origin["seconds"]} s, {origin["jobs"]} jobs done, {origin["date"]}; {versions}'
    return section(study.name, study.title, study.reading, origin['command'], made,
                   (folder / f'{study.name}.png').read_bytes(), study.tables(data))
