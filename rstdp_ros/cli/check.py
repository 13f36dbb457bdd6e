"""Check an environment against the protocol, or Lava against the cpu backend."""

from __future__ import annotations

import argparse

from rstdp_ros.cli import check_environment, check_lava

SUBJECTS = {'environment': check_environment, 'lava': check_lava}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    subjects = parser.add_subparsers(dest='what', required=True, metavar='WHAT')
    for name, module in SUBJECTS.items():
        summary = module.__doc__.strip().splitlines()[0]
        child = subjects.add_parser(name, help=summary, description=summary)
        module.add_arguments(child)


def run(options: argparse.Namespace) -> int:
    """Check what was asked for."""
    return SUBJECTS[options.what].run(options)
