"""List strategies and guards, built-in ones and those of installed packages."""

from __future__ import annotations

import argparse
from typing import Any

from rstdp_ros.cli import options as shared
from rstdp_ros.parameters import table
from rstdp_ros.plasticity import GUARDS, STRATEGIES
from rstdp_ros.plugins import Plugins


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Print a line for each; one that is broken says why."""
    rows = [_row(plugins, name) for plugins in (STRATEGIES, GUARDS) for name in plugins]
    if options.json:
        shared.print_json(rows)
        return
    for row in rows:
        what = row['fault'] or ', '.join(row['parameters'])
        print(f'{row["kind"]:<9} {row["name"]:<12} {row["from"]:<24} {what}')


def _row(plugins: Plugins, name: str) -> dict[str, Any]:
    row = {'kind': plugins.kind, 'name': name, 'from': plugins.origin(name),
           'fault': plugins.fault(name), 'parameters': []}
    if not row['fault']:
        row['parameters'] = list(table(plugins[name].Parameters))
        if plugins is STRATEGIES:
            row['guard'] = plugins[name].default_guard
    return row
