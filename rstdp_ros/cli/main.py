"""Entry point: parse, call the verb, turn user errors into one line and exit code 2."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
import os
import sys

from rstdp_ros import __version__
from rstdp_ros.support.errors import RstdpError

VERBS = {
    'train': 'Train a spiking Q-network in simulation by deep Q-learning.',
    'evaluate': 'Measure a network: greedy returns on chosen starts and physics.',
    'quantize': 'Make an 8-bit network for fixed point, and measure the loss.',
    'robustify': 'Choose observation gains with which a network does well on many plants.',
    'tune': 'Find the parameters with which a strategy learns fastest on simulated plants.',
    'adapt': 'Adapt a network to a changed plant, offline in one process.',
    'demo': 'Adapt over ROS 2: a process per node, one command, no ros2 tools needed.',
    'plugins': 'List strategies, guards, tasks, backends and experiments, also of other packages.',
    'check': 'Check an environment against the protocol, or Lava against the cpu backend.',
    'record': 'Record a running graph into a bag, without the ros2 tools.',
    'replay': 'Replay a bag: the same weights again, or with other parameters or another network.',
    'inspect': 'Look into a bag: episodes, returns, weights, parameter changes, faults.',
    'identify': "Find a plant's parameters from a bag, whatever policy moved it.",
    'convert': "Convert networks: .npz to and from .nir, torch's .pt or .pth to either.",
    'reproduce': "Repeat the paper's experiments, with the controls it lacks.",
    'render': 'Film episodes before and after adaptation, side by side: plant, spikes and return.'}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> None:
        """Say what is wrong and exit with 2."""
        self.exit(2, f'rstdp_ros: error: {message} (see {self.prog} --help)\n')


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    :param arguments: those of the process if None.
    :return: exit code: 0 done, 2 an error the user can fix, 130 interrupted.
    """
    # A terminal or file that cannot represent a character gets an escape instead.
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(errors='backslashreplace')
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else arguments)
        finally:
            sys.stdout.flush()  # while errors can still be reported
    except RstdpError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print('rstdp_ros: interrupted', file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except OSError as error:
        if error.filename is None:
            _drop_output()
        return _fail(f'{error.filename or "standard output"}: {error.strerror or error}')


def _run(arguments: Sequence[str]) -> int:
    parser = Parser(prog='rstdp_ros', description='Spiking policies that keep learning on the '
                    'robot, by reward-modulated STDP.')
    parser.add_argument('--version', action='version', version=f'rstdp_ros {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB',
                                  parser_class=Parser)
    for verb, summary in VERBS.items():
        child = verbs.add_parser(verb, help=summary, description=summary)
        # Only the requested verb is loaded: --help needs neither kernels nor simulators.
        if verb in arguments:
            module = import_module(f'rstdp_ros.cli.{verb}')
            module.add_arguments(child)
            child.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    return options.run(options) or 0


def _fail(reason: str) -> int:
    print(f'rstdp_ros: error: {reason}', file=sys.stderr)
    return 2


def _drop_output() -> None:
    """Keep the interpreter from trying to write the unwritable again at its end."""
    with suppress(OSError, ValueError):
        with open(os.devnull, 'w') as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())
