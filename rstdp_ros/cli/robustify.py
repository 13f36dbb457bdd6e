"""Choose observation gains with which a network does well on many simulated plants."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

import numpy as np

from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import waiting
from rstdp_ros.plasticity.library import save_library
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task, Task
from rstdp_ros.twin.library import LIBRARY_PLANTS, make_library
from rstdp_ros.twin.robust import PLANTS, plants_seen, robust

# No choice was based on these.
CHECKS = seeds.block(seeds.HELD_OUT, 1000)
MAX_PLANTS = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('model', metavar='MODEL', help='network file, or the name of a shipped '
                        'one')
    parser.add_argument('--output', metavar='FILE', type=shared.output_file, required=True,
                        help='where to write the network')
    parser.add_argument('--plants', type=int, default=PLANTS, metavar='N', help='number of random '
                        'plants that every candidate plays, each parameter log-uniform over its '
                        'range in Table 2 of the paper (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=seeds.TRAINING, metavar='S', help='seed of '
                        'the search; its plants are those of seeds S, S + 1, ... (default: '
                        '%(default)s)')
    parser.add_argument('--library', metavar='FILE', type=shared.output_file, help='where to '
                        'write the returns of MODEL on random plants with the best gains of some '
                        'of them: prior knowledge for the strategy gains, which finds it as '
                        '~/.ros/rstdp_ros/libraries/NAME.library.npz')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Search, save, measure and print."""
    check(options)
    network = SpikingQNetwork.load(model_path(options.model))
    task = get_task(network.task)
    with waiting('gains are tried on random plants'):
        found = robust(task, network, options.plants, options.seed)
    found.save(options.output)
    people, gains = sys.stderr if options.json else sys.stdout, found.metadata['log_gains']
    print(f'{options.output}: {found!r}, gains '
          f'{", ".join(f"{gain:.2f}" for gain in np.exp(gains))}', file=people)
    with waiting('both networks are measured on other plants'):
        measured = compare(task, network, found)
    for plants, returns in measured.items():
        print(f'{plants}: mean return {returns["before"]:.2f} before, {returns["after"]:.2f} '
              f'after, least {returns["least_before"]:.0f} and {returns["least_after"]:.0f} '
              f'({len(CHECKS)} held-out starts from seed {CHECKS[0]})', file=people)
    if options.library:
        write_library(options.library, task, network, found, options)
        print(f'{options.library}: library of {LIBRARY_PLANTS} plants', file=people)
    if options.json:
        shared.print_json({
            'task': task.name, 'digest': found.digest, 'initial_digest': network.digest,
            'log_gains': gains, 'seed': options.seed, 'plants': options.plants,
            'held_out_seed': CHECKS[0], **{f'{name.replace(" ", "_")}': returns
                                           for name, returns in measured.items()}})


def check(options: argparse.Namespace) -> None:
    """
    Refuse an impossible search, or one whose seeds are not for training.

    :raises RstdpError: the reason.
    """
    if not 1 <= options.plants <= MAX_PLANTS:
        raise RstdpError(f'--plants {options.plants} is not in 1..{MAX_PLANTS}')
    most = seeds.VALIDATION - plants_seen(options.plants) - LIBRARY_PLANTS
    if not seeds.TRAINING <= options.seed <= most:
        raise RstdpError(f'--seed {options.seed} is not in {seeds.TRAINING}..{most}')


def write_library(path: Path, task: Task, network: SpikingQNetwork, found: SpikingQNetwork,
                  options: argparse.Namespace) -> None:
    """Make a library on plants not used by the search."""
    with waiting('gains are tried on single plants'):
        save_library(make_library(task, network, found.metadata['log_gains'],
                                  options.seed + plants_seen(options.plants)), path)


def compare(task: Task, before: SpikingQNetwork, after: SpikingQNetwork
            ) -> dict[str, dict[str, float]]:
    """
    Measure two networks on held-out starts, on the default plant and on a random one for each.

    :return: mean and least return of each, by kind of plant.
    """
    kinds = {'default plant': None, 'random plants': [task.random_plant(s) for s in CHECKS]}
    result = {}
    for kind, plants in kinds.items():
        ours, theirs = (task.returns(network, CHECKS, plants) for network in (before, after))
        result[kind] = {'before': ours.mean(), 'after': theirs.mean(),
                        'least_before': ours.min(), 'least_after': theirs.min()}
    return result
