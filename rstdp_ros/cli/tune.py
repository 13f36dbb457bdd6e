"""Find the parameters with which a strategy learns fastest on simulated plants."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import sys
from typing import Any

from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import waiting
from rstdp_ros.experiments.statistics import paired
from rstdp_ros.experiments.tuning import Range, search, Tuning
from rstdp_ros.plasticity import STRATEGIES
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import refuse_unknown, table
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

SHIPPED = 3
MAX_TRIALS = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_task(parser)
    parser.add_argument('--strategy', metavar='S', required=True, choices=tuple(STRATEGIES),
                        help=f'what learns: {", ".join(STRATEGIES)}')
    parser.add_argument('--vary', metavar='NAME=LOW:HIGH', action='append', required=True,
                        help='a parameter of the strategy and its range; may be repeated')
    shared.add_settings(parser, 'the strategy, for all trials')
    parser.add_argument('--model', metavar='FILE', action='append', dest='models',
                        help='network to start with; may be repeated (default: the shipped ones)')
    parser.add_argument('--at', metavar='N', type=int, nargs='+', default=[25, 50],
                        help='numbers of episodes after which the deployed network is measured; '
                        'the mean is maximised (default: 25 50)')
    parser.add_argument('--plants', metavar='N', type=int, default=12, help='number of random '
                        'plants, each parameter log-uniform over its range in Table 2 of the '
                        'paper; every network learns on each (default: %(default)s)')
    parser.add_argument('--trials', metavar='N', type=int, default=50, help='how many sets of '
                        'values to try, in addition to those in the storage (default: '
                        '%(default)s)')
    parser.add_argument('--storage', metavar='URL', default='sqlite:///tuning.db', help='database '
                        'that holds the trials and from which a search continues; several '
                        'processes and machines may share it (default: %(default)s)')
    parser.add_argument('--name', metavar='NAME', help='of the search in the storage (default: '
                        'all that the scores depend on)')
    parser.add_argument('--seed', metavar='S', type=int, default=0, help="of this process's "
                        'choices (default: %(default)s)')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Search, compare with the defaults on other plants, and print."""
    tuning = read(options)
    name = options.name or name_of(tuning, options)
    people = sys.stderr if options.json else sys.stdout

    def report(number: int, score: float, values: Mapping[str, Any]) -> None:
        print(f'trial {number}: {score:.2f} with {in_words(values)}', file=people, flush=True)
    best = search(tuning, options.trials, options.storage, name, options.seed, report)
    with waiting('best values and defaults are compared on other plants'):
        ours, theirs = (tuning.scores(values, seeds.VALIDATION) for values in (best, {}))
    apart = paired(ours - theirs)
    print(f'best: {in_words(best)}\n'
          f'on {options.plants} other plants: {ours.mean():.2f}, with the defaults '
          f'{theirs.mean():.2f}; difference {apart["mean"]:.2f}, 95 % interval '
          f'{apart["95 % low"]:.2f} to {apart["95 % high"]:.2f}', file=people)
    if options.json:
        shared.print_json({'task': options.task, 'strategy': options.strategy, 'best': best,
                           'score': ours.mean(), 'score_of_defaults': theirs.mean(),
                           'low': apart['95 % low'], 'high': apart['95 % high']})


def name_of(tuning: Tuning, options: argparse.Namespace) -> str:
    """Name a search by all that its scores depend on."""
    return ' '.join((
        options.task, options.strategy, *sorted(options.vary), *sorted(options.settings),
        'at', *map(str, options.at), f'{options.plants} plants',
        *(short(network.digest) for network in tuning.networks)))


def read(options: argparse.Namespace) -> Tuning:
    """
    Make sense of the options.

    :raises RstdpError: the reason why not.
    """
    for name, most in (('plants', 10_000), ('trials', MAX_TRIALS)):
        if not 1 <= getattr(options, name) <= most:
            raise RstdpError(f'--{name} {getattr(options, name)} is not in 1..{most}')
    if not all(1 <= n <= 10_000 for n in options.at):
        raise RstdpError('--at takes numbers of episodes from 1 to 10000')
    task = get_task(options.task)
    task.random_plant(0)  # refused here if there are none
    known = table(STRATEGIES[options.strategy].Parameters)
    texts = dict(each.partition('=')[::2] for each in options.vary)
    refuse_unknown(texts, known, f'{options.strategy} has no parameter')
    ranges = {name: Range.parse(text, known[name]) for name, text in texts.items()}
    preset = STRATEGIES[options.strategy].preset('default', task.name)
    changed, = shared.apply_settings(options.settings, preset)
    names = options.models or [f'{task.name}_{i}' for i in range(SHIPPED)]
    networks = [SpikingQNetwork.load(model_path(each)) for each in names]
    for network in networks:
        task.check_network(network)
    fixed = {key: getattr(changed, key) for key in known if key not in ranges}
    return Tuning(task, networks, options.strategy, fixed, ranges, options.at, options.plants)


def in_words(values: Mapping[str, Any]) -> str:
    """Return values as they are given to ``--set``."""
    return ' '.join(f'{key}={value:.4g}' for key, value in values.items())
