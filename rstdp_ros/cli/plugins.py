"""List what is found by name: built in, or from installed packages."""

from __future__ import annotations

import argparse
from typing import Any

from rstdp_ros.backends import BACKENDS
from rstdp_ros.cli import options as shared
from rstdp_ros.experiments.studies import STUDIES
from rstdp_ros.plasticity import GUARDS, STRATEGIES
from rstdp_ros.support.parameters import table
from rstdp_ros.support.plugins import Plugins
from rstdp_ros.tasks import TASKS

KINDS = (STRATEGIES, GUARDS, TASKS, BACKENDS, STUDIES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Print a line for each; a broken one gives the reason."""
    rows = [_row(plugins, name) for plugins in KINDS for name in plugins]
    if options.json:
        shared.print_json(rows)
        return
    for row in rows:
        what = row['fault'] or ', '.join(row['parameters']) or row['title']
        print(f'{row["kind"]:<10} {row["name"]:<14} {row["from"]:<24} {what}'.rstrip())


def _row(plugins: Plugins, name: str) -> dict[str, Any]:
    fault = plugins.fault(name)
    made = None if fault else plugins[name]
    own = getattr(made, 'physics' if plugins is TASKS else 'Parameters', None)
    row = {'kind': plugins.kind, 'name': name, 'from': plugins.origin(name), 'fault': fault,
           'parameters': list(table(own)) if own else [], 'title': getattr(made, 'title', '')}
    if plugins is STRATEGIES and made:
        row['guard'] = made.default_guard
    return row
