"""Entry point: parse, call the verb, turn user errors into one line and exit code 2."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
import sys

from rstdp_ros import __version__
from rstdp_ros.errors import RstdpError

VERBS = ('train', 'evaluate', 'quantize', 'adapt', 'demo', 'check', 'record', 'replay', 'inspect',
         'convert', 'reproduce', 'render')


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> None:
        """Say what is wrong and exit with 2."""
        self.exit(2, f'rstdp_ros: error: {message} (see {self.prog} --help)\n')


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    :param arguments: those of the process if None.
    :return: exit code: 0 done, 2 an error the user can mend, 130 interrupted.
    """
    parser = Parser(prog='rstdp_ros', description='Spiking policies that keep learning on the '
                    'robot, by reward-modulated STDP.')
    parser.add_argument('--version', action='version', version=f'rstdp_ros {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB',
                                  parser_class=Parser)
    for verb in VERBS:
        module = import_module(f'rstdp_ros.cli.{verb}')
        summary = module.__doc__.strip().splitlines()[0]
        child = verbs.add_parser(verb, help=summary, description=summary)
        module.add_arguments(child)
        child.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    try:
        return options.run(options) or 0
    except RstdpError as error:
        print(f'rstdp_ros: error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('rstdp_ros: interrupted', file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
