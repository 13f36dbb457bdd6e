"""Adapt a network to a changed plant, offline in one process."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
import sys
from typing import Any

from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import measure
from rstdp_ros.drawing.run import plot_run
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.experiments.measuring import Returns, summary
from rstdp_ros.plasticity import (
    AUTO,
    EpisodeRecord,
    GUARDS,
    Learner,
    PRESETS,
    Recipe,
    STRATEGIES,
)
from rstdp_ros.plasticity.registry import DEFAULT
from rstdp_ros.plasticity.run import find_strategy
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.parameters import table
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task, Task
from rstdp_ros.tasks.stepped import stepped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_adaptation(parser)
    parser.add_argument('--env', metavar='ID', default='', help='a Gymnasium environment to use '
                        "as the plant instead of the task's own")


def add_adaptation(parser: argparse.ArgumentParser) -> None:
    """Declare the options that the offline run and the demo have in common."""
    shared.add_task(parser)
    shared.add_simulator(parser)
    shared.add_model(parser)
    shared.add_episodes(parser, 100, seeds.ADAPTATION)
    shared.add_settings(parser, 'physics, strategy, guard or bounds; if no physics are set, the '
                        "plant is the demo's: for the cart-pole pole_half_length=0.8 "
                        'pole_mass=0.3')
    parser.add_argument('--preset', default='default', metavar='P',
                        help="named set of defaults for the strategy's parameters; "
                        f'for r-STDP {", ".join(PRESETS)}')
    parser.add_argument('--strategy', default=AUTO, metavar='S', help='what changes '
                        f'the weights: {", ".join(STRATEGIES)}; {AUTO} (default): {DEFAULT}, or '
                        'as a resumed run began')
    parser.add_argument('--rule', dest='strategy', **shared.RENAMED)
    parser.add_argument('--guard', default=AUTO, metavar='G', help=f'{AUTO} (default): what '
                        'fits the strategy, or as a resumed run began; '
                        f'{", ".join(GUARDS)}')
    parser.add_argument('--output', metavar='FILE', type=shared.output_file,
                        help='where to write the network to deploy')
    parser.add_argument('--plot', metavar='FILE', type=shared.plot_file,
                        help='where to draw the returns, .png, .svg or .pdf')
    shared.add_json(parser)


def read_adaptation(options: argparse.Namespace, *more: Any,
                    task: Task | None = None) -> tuple[Any, ...]:
    """
    Turn the options into an :class:`Adaptation`.

    :param more: further tables whose parameters ``--set`` may change.
    :param task: the task, if the options do not determine it.
    :return: the :class:`Adaptation`, then the changed tables ``more``.
    :raises RstdpError: an option that does not fit.
    """
    task = task or get_task(options.task, options.plant)
    if getattr(options, 'env', ''):
        task = stepped(task, options.env)
    shared.check_episodes(options)
    strategy = find_strategy(options.strategy, getattr(options, 'run_dir', None))
    recipe = Recipe.of(task.name, options.seed, strategy, options.guard, options.preset)
    physics, *tables = shared.apply_settings(options.settings, task.physics(), *recipe.tables,
                                             *more)
    count = len(recipe.tables)
    recipe = recipe.with_tables(*tables[:count])
    chosen = {setting.partition('=')[0] for setting in options.settings}
    if chosen.isdisjoint(table(task.physics)) and not getattr(options, 'env', ''):
        physics = task.make_physics(task.demo_physics)
    network = SpikingQNetwork.load(model_path(options.model or f'{task.name}_0'))
    task.check_network(network)
    return (Adaptation(task, network, physics, options.episodes, recipe), *tables[count:])


def run(options: argparse.Namespace) -> None:
    """Adapt, save and print."""
    adaptation, = read_adaptation(options)
    people = sys.stderr if options.json else sys.stdout
    learner, records = adapt(adaptation, lambda record: print(record, file=people, flush=True))
    finish(adaptation, learner, records, options)


def finish(adaptation: Adaptation, learner: Learner, records: list[EpisodeRecord],
           options: argparse.Namespace, returns: Returns | None = None) -> None:
    """
    Save the network, measure it on held-out starts, draw and print.

    :param learner: at the end of the run.
    :param returns: how to measure (see :func:`summary`); in the simulator if None.
    """
    people = sys.stderr if options.json else sys.stdout
    deployed, findings = learner.deployed, learner.strategy.findings()
    true = {} if getattr(options, 'env', '') else asdict(adaptation.physics)
    for title, rows in findings.items():
        print(*lines_of(title, rows, true), sep='\n', file=people)
    if options.output:
        deployed.save(options.output)
        print(f'adapted network: {options.output}', file=people)
    if returns is None:
        returns = partial(adaptation.task.returns, physics=adaptation.physics)
    result = summary(adaptation, deployed, returns=partial(measure, returns))
    print(result, file=people)
    if options.plot:
        plot_run(records, result.before, result.after, options.plot)
        print(f'plot: {options.plot}', file=people)
    if options.json:
        shared.print_json({
            'task': adaptation.task.name, 'seed': adaptation.recipe.seed,
            'episodes': [record.to_json() for record in records],
            'initial_digest': adaptation.network.digest, 'deployed_digest': deployed.digest,
            'held_out_before': result.before, 'held_out_after': result.after, **findings})


def lines_of(title: str, rows: Mapping[str, Mapping[str, float]],
             true: Mapping[str, Any]) -> list[str]:
    """Describe a strategy's findings about the plant, and the true values as far as known."""
    found = {name: row for name, row in rows.items() if row['value'] != row['nominal']}
    return [f'{title:26s}{"value":>10s}    95 % interval{"      true" if true else ""}', *(
        f'{name:26s}{row["value"]:10.4g} {row["low"]:10.4g} {row["high"]:10.4g}'
        + (f' {true[name]:10.4g}' if true else '')
        + ('' if row['identifiable'] else '  the data cannot tell')
        for name, row in found.items())]
