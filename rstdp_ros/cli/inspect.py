"""Look into a bag: episodes, returns, weights, parameter changes, faults."""

from __future__ import annotations

import argparse
import sys

from rstdp_ros.bags.inspection import EpisodeSeen, Inspection, Inspector, plot_inspection
from rstdp_ros.bags.reader import Bag
from rstdp_ros.cli import options as shared
from rstdp_ros.support.untrusted import shortened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_bag(parser)
    parser.add_argument('--plot', metavar='FILE', type=shared.plot_file,
                        help='where to draw returns and weights, .png, .svg or .pdf')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Inspect and print; exit code 1 if the bag lacks something named in its metadata."""
    people = sys.stderr if options.json else sys.stdout
    with Bag(options.bag, options.namespace) as bag:
        result = Inspector(bag).inspect()
    print(describe(result), file=people)
    if options.plot:
        plot_inspection(result, options.plot)
        print(f'plot: {options.plot}', file=people)
    if options.json:
        shared.print_json(result.to_json())
    return int(bag.incomplete)


def describe(result: Inspection) -> str:
    """Describe the content of the bag."""
    lines = [*result.complaints, f'task {result.task or "unknown"}, {result.duration:.1f} s',
             *(f'{count:8d} on {topic}' for topic, count in result.counts.items()),
             '', 'episode      start  duration  steps  return  weights           distance  end']
    lines[-2:-2] = [shortened(f'{name}: {", ".join(f"{k} {v}" for k, v in values.items())}')
                    for name, values in result.learning.items()]
    lines += [row(i, episode) for i, episode in enumerate(result.episodes)]
    for title, items in (('parameters that were set', result.parameter_changes),
                         ('faults', result.faults)):
        lines += ['', title + ('' if items else ': none')]
        lines += [f'{time:10.2f} s  {" ".join(words)}' for time, *words in items]
    if result.refused:
        lines += ['', f'{result.refused} messages cannot be read']
    return '\n'.join(lines)


def row(number: int, episode: EpisodeSeen) -> str:
    """Return a line of the table."""
    total = '--' if episode.episode_return is None else f'{episode.episode_return:.1f}'
    distance = '--' if episode.distance is None else f'{episode.distance:.4f}'
    return (f'{number:7d} {episode.start:8.2f} s {episode.duration:7.2f} s '
            f'{episode.observations:6d} {total:>7}  {episode.digest or "--":16}  {distance:>8}  '
            f'{episode.end or "no end in the bag"}')
