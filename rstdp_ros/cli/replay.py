"""Replay a bag: the same weights again, or with other parameters or another network."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
import sys
from typing import Any, TextIO

from rstdp_ros.bags.events import first_network, learning_events, recorded_recipe
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.replay import Replay, Step
from rstdp_ros.bags.shadow import plot_shadow, Shadow, shadow
from rstdp_ros.bags.what_if import CAUTION, divergences, HEADER, plot_divergences
from rstdp_ros.cli import options as shared
from rstdp_ros.plasticity import Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_bag(parser)
    parser.add_argument('--initial', metavar='FILE', help='the first network of the run, if the '
                        'recording began after it: a file, or the name of a shipped one')
    shared.add_settings(parser, 'strategy, guard or bounds, and see how the weights would have '
                        'changed')
    parser.add_argument('--model', metavar='FILE', help='another network, and see where it would '
                        'have acted differently')
    parser.add_argument('--plot', metavar='FILE', type=shared.plot_file, help='where to draw '
                        'what --set or --model found, .png, .svg or .pdf')
    parser.add_argument('--live', action='store_true', help='publish the recorded observations '
                        'to a policy and an adaptation node that run now')
    parser.add_argument('--rate', type=float, default=1.0, metavar='X', help='with --live: '
                        'playback speed, relative to the recording (default: %(default)s)')
    parser.add_argument('--start', type=float, default=0.0, metavar='S', help='with --live: '
                        'seconds after the first message at which to begin')
    parser.add_argument('--loop', action='store_true', help='with --live: play it again and again')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Replay and print; exit code 1 if the weights differ or the bag lacks some."""
    refuse_unused(options)
    if options.live:
        return run_live(options)
    if options.plot and not (options.settings or options.model):
        raise RstdpError('--plot draws what --set or --model found; give one of them, or use '
                         'rstdp_ros inspect')
    if options.settings and options.model:
        raise RstdpError('--set and --model are two questions; ask one at a time')
    people = sys.stderr if options.json else sys.stdout
    with Bag(options.bag, options.namespace) as bag:
        for complaint in bag.complaints:
            print(complaint, file=people)
        code = (run_shadow if options.model else run_exact)(bag, options, people)
        return code or int(bag.incomplete)


def refuse_unused(options: argparse.Namespace) -> None:
    """Refuse options that would have no effect."""
    live = {'rate': 1.0, 'start': 0.0, 'loop': False}
    other = {'initial': None, 'settings': [], 'model': None, 'plot': None, 'json': False}
    for name, unset in (other if options.live else live).items():
        if getattr(options, name) != unset:
            given = {'settings': '--set'}.get(name, f'--{name}')
            raise RstdpError(f'{given} has no effect {"with" if options.live else "without"} '
                             '--live')


def run_exact(bag: Bag, options: argparse.Namespace, people: TextIO) -> int:
    """Make the weights again, and with ``--set`` those with other parameters."""
    changes = read_changes(options.settings, recorded_recipe(bag))
    initial = SpikingQNetwork.load(model_path(options.initial)) if options.initial else None
    replay, steps = Replay(initial, changes), []
    refused: Counter[str] = Counter()
    for step in replay.steps(learning_events(bag, refused)):
        steps.append(step)
        print(line(step), file=people, flush=True)
    notes = replay.notes + [f'{n} not used: {reason}' for reason, n in refused.items()]
    for note in notes:
        print(note, file=people)
    equal, done = sum(s.equal for s in steps), [s for s in steps if s.record]
    print(verdict(steps), file=people)
    result = {'episodes': [to_json(step) for step in steps], 'equal': equal == len(steps) > 0,
              'notes': bag.complaints + notes}
    if changes and done:
        rows = divergences(replay.initial, steps)
        print('', HEADER, *rows, '', f'with {", ".join(options.settings)}; {CAUTION}', sep='\n',
              file=people)
        result.update(changed=dict(changes), divergence=[row.to_json() for row in rows],
                      caution=CAUTION)
        if options.plot:
            plot_divergences(rows, ', '.join(options.settings), options.plot)
            print(f'plot: {options.plot}', file=people)
    if options.json:
        shared.print_json(result)
    return 0 if all(step.equal or step.reason for step in steps) else 1


def run_shadow(bag: Bag, options: argparse.Namespace, people: TextIO) -> int:
    """Let another network decide on the recorded observations."""
    network = SpikingQNetwork.load(model_path(options.model))
    task = get_task(task_of(bag, network))
    result = shadow(bag, network, task)
    name = f'{Path(options.model).stem} ({short(network.digest)})'
    print(table(result, name), file=people)
    if options.plot:
        plot_shadow(result, name, options.plot)
        print(f'plot: {options.plot}', file=people)
    if options.json:
        shared.print_json({
            'model': network.digest, 'decisions': len(result.differ), 'share': result.share,
            'episodes': result.per_episode(), 'where': result.where(),
            'observations': dict(zip(result.names, result.states[result.differ].T.tolist()))})
    return 0


def task_of(bag: Bag, network: SpikingQNetwork) -> str:
    """Return the task of the recorded run; the network's if no weights were recorded."""
    return first_network(bag).task if bag.counts['weights'] else network.task


def run_live(options: argparse.Namespace) -> int:
    """Publish to live nodes until the bag is over, or Ctrl-C."""
    from rstdp_ros.cli.record import run_ros_node
    if not (0.0 < options.rate <= 1000.0 and options.start >= 0.0):
        raise RstdpError(f'--rate {options.rate:g} must be in 0..1000 and --start '
                         f'{options.start:g} not negative')
    Bag(options.bag, options.namespace).close()
    return run_ros_node('replay', {
        'bag': options.bag.resolve(), 'rate': options.rate, 'start': options.start,
        'loop': options.loop, 'recorded_namespace': options.namespace or ''},
        options.namespace or '')


def read_changes(settings: list[str], recipe: Recipe) -> Mapping[str, Any]:
    """Return names and values that ``--set`` changes in the run's recipe."""
    values = recipe.with_tables(*shared.apply_settings(settings, *recipe.tables)).values()
    return {name: values[name] for name in (each.partition('=')[0] for each in settings)}


def line(step: Step) -> str:
    """Describe an episode's replay in a line."""
    if step.equal:
        state = 'as recorded'
    elif step.reason:
        state = f'not replayed: {step.reason}'
    else:
        state = f'PARTS: replay made {short(step.record.digest)}'
    return (f'episode {step.episode:4d}   return {step.episode_return:6.1f}   weights '
            f'{short(step.digest)}   {state}')


def verdict(steps: list[Step]) -> str:
    """Describe the replay as a whole."""
    if not steps:
        return 'the run learned from no episode of this bag'
    parts = [step.episode for step in steps if step.record and not step.equal]
    skipped = sum(step.record is None for step in steps)
    equal = f'{sum(step.equal for step in steps)} of {len(steps)} episodes: the recorded weights, '
    return (f'{equal}bit for bit' + (f'; {skipped} not replayed' if skipped else '')
            + (f'; replay parts at episode {parts[0]}' if parts else ''))


def to_json(step: Step) -> dict[str, Any]:
    """Return an episode's result for programs."""
    return {'episode': step.episode, 'episode_id': step.episode_id, 'seed': step.seed,
            'return': step.episode_return, 'recorded_digest': step.digest,
            'digest': step.record.digest if step.record else None, 'equal': step.equal,
            'reason': step.reason}


def table(result: Shadow, name: str) -> str:
    """Describe how often and where the other network would have acted differently."""
    shares = result.per_episode()
    lines = [f'{name} would have acted otherwise in {result.differ.sum()} of '
             f'{len(result.differ)} decisions ({100 * result.share:.1f} %)',
             f'per episode from {100 * min(shares):.1f} to {100 * max(shares):.1f} %', '',
             f'{"10th, 50th, 90th percentile":32} {"same action":>24} {"other action":>24}']
    for quantity, kinds in result.where().items():
        cells = [' '.join(f'{v:7.3f}' for v in kinds[kind]) or '--'
                 for kind in ('same', 'otherwise')]
        lines.append(f'{quantity:32} {cells[0]:>24} {cells[1]:>24}')
    return '\n'.join(lines)
