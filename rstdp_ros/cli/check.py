"""Check an environment against the protocol, or Lava against the cpu backend."""

from __future__ import annotations

import argparse

from rstdp_ros.cli import check_environment, check_lava

SUBJECTS = {
    'environment': (check_environment, 'Check whether a running environment, ours or foreign, '
                    'keeps the protocol, rule by rule.'),
    'lava': (check_lava, 'Check that Lava computes, and learns, what the cpu backend does.')}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    subjects = parser.add_subparsers(dest='what', required=True, metavar='WHAT')
    for name, (module, summary) in SUBJECTS.items():
        child = subjects.add_parser(name, help=summary, description=summary)
        module.add_arguments(child)


def run(options: argparse.Namespace) -> int:
    """Run the requested check."""
    return SUBJECTS[options.what][0].run(options)
