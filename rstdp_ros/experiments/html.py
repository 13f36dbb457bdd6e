"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path
from typing import Any, TYPE_CHECKING

from rstdp_ros.experiments.results import load
from rstdp_ros.experiments.studies import STUDIES
from rstdp_ros.experiments.study import Study
from rstdp_ros.support.atomic import write_atomically

if TYPE_CHECKING:
    from pandas import DataFrame

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rstdp_ros: reproduction</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto;
        padding: 0 1rem; color: #111; background: #fff; }}
h2 {{ margin-top: 3rem; border-bottom: 1px solid #999; }}
img {{ max-width: 100%; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.8rem; margin-bottom: 1rem; }}
caption {{ text-align: left; font-weight: bold; padding: 0.5rem 0; }}
th, td {{ padding: 0.15rem 0.6rem; text-align: right; border-bottom: 1px solid #ccc;
          white-space: nowrap; }}
code {{ background: #eee; padding: 0 0.2rem; }}
@media print {{ h2 {{ break-before: page; }} }}
</style>
</head>
<body>
<h1>Fine-tuning spiking policies with r-STDP: what reproduces</h1>
<p>After M. Akl, Y. Sandamirskaya, D. Ergene, F. Walter and A. Knoll, “Fine-tuning Deep
Reinforcement Learning Policies with r-STDP for Domain Adaptation”, ICONS 2022. Starts from
different ranges of seeds serve for training, adaptation, selection and for the held-out
measurement; the last one served for nothing else.</p>
{sections}
</body>
</html>
"""
SECTION = """<h2 id="{name}">{title}</h2>
<p>{reading}</p>
<p><code>{command}</code>: {seconds} s, {jobs} jobs done, {date}; {versions}.</p>
<img alt="{title}" src="data:image/png;base64,{image}">
{tables}
"""


def write_report(folder: Path) -> Path:
    """
    Put all results of a folder into one file.

    :return: its path.
    """
    sections = [_section(study, folder) for study in STUDIES.usable().values()]
    path = folder / 'report.html'
    write_atomically(path, PAGE.format(sections='\n'.join(filter(None, sections))).encode())
    return path


def _section(study: Study, folder: Path) -> str:
    result = load(study, folder)
    if result is None:
        return ''
    data, origin = result
    image = b64encode((folder / f'{study.name}.png').read_bytes()).decode()
    known = ('command', 'seconds', 'jobs', 'date')
    versions = ', '.join(f'{k} {v}' for k, v in origin.items() if k not in known)
    tables = '\n'.join(_table(caption, table) for caption, table in study.tables(data).items())
    return SECTION.format(name=study.name, title=escape(study.title), image=image, tables=tables,
                          reading=escape(study.reading), versions=escape(versions),
                          **{k: escape(str(origin[k])) for k in known})


def _table(caption: str, table: DataFrame) -> str:
    html = table.to_html(index=False, border=0, float_format=formatted, na_rep='')
    return (f'<div class="scroll">{html}</div>'
            .replace('<thead>', f'<caption>{escape(caption)}</caption><thead>', 1))


def formatted(value: Any) -> str:
    """Return a number as tables show it."""
    if value != 0 and abs(value) < 0.001:
        return f'{value:.1e}'
    return f'{value:.2f}'
