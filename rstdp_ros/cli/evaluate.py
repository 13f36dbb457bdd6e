"""Measure a network: greedy returns on chosen starts and physics."""

from __future__ import annotations

import argparse
from functools import partial

from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import measure
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.digests import short
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_task(parser)
    shared.add_simulator(parser)
    shared.add_model(parser)
    shared.add_episodes(parser, 100, seeds.HELD_OUT)
    shared.add_settings(parser, "the plant's physics")
    shared.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Evaluate and print."""
    task = get_task(options.task, options.plant)
    shared.check_episodes(options)
    physics, = shared.apply_settings(options.settings, task.physics())
    network = SpikingQNetwork.load(model_path(options.model or f'{task.name}_0'))
    task.check_network(network)
    returns = measure(partial(task.returns, physics=physics), network,
                      seeds.block(options.seed, options.episodes))
    if options.json:
        shared.print_json({'task': task.name, 'digest': network.digest, 'seed': options.seed,
                          'mean': returns.mean(), 'returns': returns.tolist()})
    else:
        print(f'{short(network.digest)}: mean return {returns.mean():.2f}, standard deviation '
              f'{returns.std():.2f}, from {returns.min():.0f} to {returns.max():.0f} '
              f'({len(returns)} episodes from seed {options.seed})')
