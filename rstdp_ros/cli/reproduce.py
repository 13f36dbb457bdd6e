"""Repeat an experiment that the documents quote, with its controls."""

from __future__ import annotations

import argparse
from pathlib import Path

from rstdp_ros.errors import RstdpError
from rstdp_ros.experiments import demo_plant
from rstdp_ros.tasks import get_task

EXPERIMENTS = ('demo-plant',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('experiment', metavar='EXPERIMENT', help=', '.join(EXPERIMENTS))
    parser.add_argument('--output', type=Path, metavar='FILE', help='CSV with a row per run '
                        '(default: docs/results/demo_plant.csv)')


def run(options: argparse.Namespace) -> None:
    """Run with a progress bar, write the table and print the summary."""
    if options.experiment not in EXPERIMENTS:
        raise RstdpError(f'unknown experiment {options.experiment!r}; known are '
                         f'{", ".join(EXPERIMENTS)}')
    try:
        import scipy  # noqa: F401
        from tqdm import tqdm
    except ModuleNotFoundError as error:
        raise RstdpError(f'experiments need {error.name}: '
                         'pip install "rstdp_ros[experiments]"') from None
    output = options.output or Path('docs/results/demo_plant.csv')
    jobs = list(demo_plant.jobs(get_task('cartpole')))
    results = [demo_plant.run(*job) for job in tqdm(jobs, unit='run')]
    demo_plant.write_csv(results, output)
    print(demo_plant.report(results))
    print(f'table: {output}')
