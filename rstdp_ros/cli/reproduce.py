"""Repeat the paper's experiments, with the controls it lacks."""

from __future__ import annotations

import argparse
from dataclasses import replace
from importlib.util import find_spec
import os
from pathlib import Path
import time

from rstdp_ros.cli.options import RENAMED
from rstdp_ros.experiments.environments import DERIVED
from rstdp_ros.experiments.jobs import Executor, EXECUTORS, finished, run_jobs
from rstdp_ros.experiments.studies import ALIASES, STUDIES
from rstdp_ros.experiments.study import Scale, SCALES, Study
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plugins import TASKS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = '\n'.join(['experiments:', *map(_line, STUDIES), *(
        f'  {alias:<16}see {name}' for alias, name in ALIASES.items())])
    parser.add_argument('experiment', metavar='EXPERIMENT', help='one of those below, or all; '
                        'report only redraws the figures and rewrites the report')
    parser.add_argument('--task', metavar='TASK', help='only this task (default: all)')
    parser.add_argument('--scale', default='full', metavar='S', help=f'{", ".join(SCALES)} '
                        '(default: %(default)s)')
    parser.add_argument('--model', action='append', default=[], metavar='FILE', help='use this '
                        'network too; may be repeated')
    parser.add_argument('--rule', action='append', default=[], metavar='R', help='only this one '
                        'of the rules compared; may be repeated')
    parser.add_argument('--derived', metavar='D', help='only this physics of random environments: '
                        f'{" or ".join(DERIVED)} (default: both)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), metavar='N',
                        help='processes at once (default: %(default)s)')
    parser.add_argument('--executor', default='loky', metavar='E',
                        help=f'{", ".join(EXECUTORS)}: where the processes run '
                        '(default: %(default)s)')
    parser.add_argument('--backend', dest='executor', **RENAMED)
    parser.add_argument('--output', type=Path, default=Path('runs/reproduce'), metavar='DIR',
                        help='folder for tables, figures, report and finished jobs, from which an '
                        'interrupted run continues (default: %(default)s)')
    parser.add_argument('--document', type=Path, metavar='FILE', help='Markdown file to fill in '
                        'the tables of, from the results')


def run(options: argparse.Namespace) -> None:
    """Run the studies with progress bars; write tables, figures and the report."""
    needed = [name for name in ('pandas', 'scipy', 'matplotlib', 'tqdm') if not find_spec(name)]
    if needed:
        raise RstdpError(f'experiments need {needed[0]}: pip install "rstdp_ros[experiments]"')
    from rstdp_ros.experiments.document import update
    from rstdp_ros.experiments.report import draw_again, write_report
    task = TASKS[options.task].name if options.task else None
    studies = _studies(options.experiment, task)
    if options.scale not in SCALES:
        raise RstdpError(f'unknown scale {options.scale!r}; known are {", ".join(SCALES)}')
    if options.workers < 1:
        raise RstdpError(f'--workers {options.workers} is not positive')
    if options.derived not in (None, *DERIVED):
        raise RstdpError(f'unknown physics {options.derived!r}; known are {", ".join(DERIVED)}')
    scale = replace(SCALES[options.scale], models=tuple(options.model),
                    rules=tuple(options.rule),
                    derived=(options.derived,) if options.derived else DERIVED)
    for study in studies:
        _run_study(study, scale, options)
    if options.experiment == 'report':
        draw_again(options.output)
    print(f'report: {write_report(options.output)}')
    if options.document:
        update(options.document, options.output)
        print(f'document: {options.document}')


def _line(name: str) -> str:
    """Return a study's line of the help; a broken one gives the reason."""
    return f'  {name:<16}{STUDIES.fault(name) or STUDIES[name].title}'


def _studies(name: str, task: str | None) -> list[Study]:
    """
    Return the studies to run.

    :raises RstdpError: an experiment or task that does not exist, or a pair that does not fit.
    """
    if name == 'report':
        return []
    name = ALIASES.get(name, name)
    if name not in (*STUDIES, 'all'):
        raise RstdpError(f'unknown experiment {name!r}; known are '
                         f'{", ".join((*STUDIES, *ALIASES))}, all, report')
    known = list(STUDIES.usable().values()) if name == 'all' else [STUDIES[name]]
    fitting = [study for study in known if task in (None, *study.tasks)]
    if not fitting:
        tasks = dict.fromkeys(task for study in known for task in study.tasks)
        raise RstdpError(f'{name} has nothing for task {task}; known are {", ".join(tasks)}')
    return fitting


def _run_study(study: Study, scale: Scale, options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from rstdp_ros.experiments.results import save
    tasks = [options.task] if options.task else study.tasks
    jobs = study.jobs(tasks, scale)
    if not jobs and options.experiment == 'all':
        return
    if not jobs:
        raise RstdpError(f'{study.name} has nothing for task {", ".join(tasks)}'
                         f'{" and rule " + ", ".join(scale.rules) if scale.rules else ""}')
    begin, had = time.monotonic(), finished(study.run, jobs, options.output / 'jobs')[1]
    with tqdm(total=len(jobs), desc=study.name, unit='job', smoothing=0.05) as bar:
        run_jobs(study.run, jobs, options.output / 'jobs',
                 Executor(options.workers, options.executor), bar.update)
    # Including jobs of earlier runs for other tasks, rules and physics.
    everything = study.jobs(study.tasks, replace(scale, rules=(), derived=DERIVED))
    rows, done = finished(study.run, everything, options.output / 'jobs')
    command = ' '.join(['rstdp_ros reproduce', study.name, f'--scale {options.scale}',
                        *([f'--task {options.task}'] if options.task else []),
                        *(f'--model {Path(m).name}' for m in options.model),
                        *(f'--rule {rule}' for rule in options.rule),
                        *([f'--derived {options.derived}'] if options.derived else [])])
    origin = {'command': command, 'jobs': f'{done} of {len(everything)}',
              'seconds': round(time.monotonic() - begin, 1) if had < len(jobs) else 0.0}
    print(f'table: {save(study, rows, options.output, origin)}')
