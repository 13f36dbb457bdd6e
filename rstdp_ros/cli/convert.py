"""Convert networks: .npz to and from .nir, torch's .pt or .pth to either."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from rstdp_ros.cli import options as shared
from rstdp_ros.exchange.foreign import Facts
from rstdp_ros.exchange.formats import read_network, write_network, writer_of
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import to_json
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import TASKS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('input', metavar='IN', help='network file, NIR file or torch checkpoint, '
                        'or the name of a shipped network')
    parser.add_argument('output', metavar='OUT', type=Path, help='.npz or .nir; replaced if it '
                        'exists')
    parser.add_argument('--task', metavar='TASK', help=f'what a foreign network is for: '
                        f'{", ".join(TASKS)} (default: the one whose sizes fit)')
    parser.add_argument('--ticks', metavar='T', type=int, help='ticks per observation')
    for name, meaning in (('alpha', 'decay of the current per tick'),
                          ('beta', 'decay of the potential per tick'),
                          ('threshold', 'firing threshold')):
        parser.add_argument(f'--{name}', metavar='X', type=float,
                            help=f"{meaning}, of a torch checkpoint (default: the task's)")
    parser.add_argument('--dt', metavar='S', type=float, help='seconds per tick for the time '
                        'constants of a foreign NIR file (default: 0.0001)')
    parser.add_argument('--readout', metavar='NODE', help='readout of a written NIR file: CubaLI '
                        '(default), or CubaLIF that never fires, for systems without CubaLI')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Convert and print."""
    source = Path(options.input)
    if source.suffix in ('', '.npz'):
        source = model_path(options.input)
    writer_of(options.output)
    if source.suffix == options.output.suffix:
        raise RstdpError(f'{source} and {options.output} are files of the same type; there is '
                         'nothing to convert')
    choices = {'readout': options.readout} if options.readout else {}
    if choices and options.output.suffix != '.nir':
        raise RstdpError(f'{options.output}: --readout applies to .nir files only')
    facts = Facts(**{field.name: getattr(options, field.name) for field in fields(Facts)})
    network = read_network(source, facts)
    write_network(network, options.output, **choices)
    print(to_json(_row(network, options.output)) if options.json
          else _sentences(network, options.output))


def _row(network: SpikingQNetwork, output: Path) -> dict:
    return {'output': str(output), 'task': network.task, 'digest': network.digest,
            'sizes': network.sizes, **network.neuron.to_json()}


def _sentences(network: SpikingQNetwork, output: Path) -> str:
    neuron = network.neuron
    lines = [f'network: {output}',
             f'{network.task}, {list(network.sizes)} neurons, {neuron.ticks} ticks, threshold '
             f'{neuron.threshold:g}, alpha {neuron.alpha:g}, beta {neuron.beta:g}',
             f'digest {network.digest}']
    if output.suffix == '.npz':
        lines.append(f'measure it: rstdp_ros evaluate {network.task} --model {output}')
    return '\n'.join(lines)
