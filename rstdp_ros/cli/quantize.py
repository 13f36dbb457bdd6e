"""Make an 8-bit network for fixed point, and measure the loss."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

from rstdp_ros.cli import options as shared
from rstdp_ros.experiments.quantization import choose_factors, compare, Comparison, PLAIN
from rstdp_ros.snn import quantize, SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('model', metavar='MODEL', help='network file, or the name of a shipped '
                        'one')
    parser.add_argument('out', metavar='OUT', type=Path, help='where to write the 8-bit network')
    shared.add_episodes(parser, 1000, seeds.HELD_OUT)
    parser.add_argument('--plain', action='store_true', help="keep each layer's scale at 254 / "
                        'max|W|, whatever the loss')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Quantise, save, measure and print."""
    shared.check_episodes(options)
    network = SpikingQNetwork.load(model_path(options.model))
    task = get_task(network.task)
    task.check_network(network)
    factors = PLAIN if options.plain else choose_factors(task, network)
    quantized = quantize(network, factors)
    quantized.save(options.out)
    people = sys.stderr if options.json else sys.stdout
    print(f'{options.out}: {quantized!r}, scales '
          f'{", ".join(f"{scale:.2f}" for scale in quantized.scales)}, which are '
          f'{", ".join(f"{factor:g}" for factor in factors)} x 254 / max|W|', file=people)
    result = compare(task, network, quantized, seeds.block(options.seed, options.episodes))
    print(describe(result, options.seed), file=people)
    if options.json:
        shared.print_json({
            'task': task.name, 'digest': quantized.digest, 'float_digest': network.digest,
            'scales': quantized.scales, 'factors': factors, 'seed': options.seed,
            'agreement': result.agreement, 'observations': result.observations,
            'float': _returns(result.float_returns), 'quantized': _returns(result.returns),
            'loss': result.loss})


def describe(result: Comparison, seed: int) -> str:
    """Describe the effect of quantisation."""
    return (f'same action on {result.agreement:.2%} of {result.observations} observations\n'
            f'mean return {result.float_returns.mean():.2f} in float, '
            f'{result.returns.mean():.2f} in fixed point: {result.loss:+.2%} lost '
            f'({len(result.returns)} episodes from seed {seed})')


def _returns(returns: Any) -> dict[str, float]:
    return {'mean': float(returns.mean()), 'std': float(returns.std())}
