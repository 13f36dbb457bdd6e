"""Options that several verbs share."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
import sys
from tempfile import TemporaryFile
from typing import Any

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import table
from rstdp_ros.support.plain import to_json
from rstdp_ros.support.seeds import END
from rstdp_ros.tasks import EQUATIONS, simulators, TASKS

MAX_EPISODES = 10_000_000
PLOTS = ('.png', '.svg', '.pdf')


class Renamed(argparse.Action):
    """An option's earlier name: does the same and prints the current name."""

    def __call__(self, parser: argparse.ArgumentParser, options: argparse.Namespace, value: Any,
                 name: str | None = None) -> None:
        """Take over the value."""
        print(f'{parser.prog}: {name} is called --{self.dest} now', file=sys.stderr)
        setattr(options, self.dest, value)


# With choices and, as dest, the current name: the settings of an earlier name.
RENAMED: Mapping[str, Any] = {'action': Renamed, 'default': argparse.SUPPRESS,
                              'help': argparse.SUPPRESS}


def add_task(parser: argparse.ArgumentParser) -> None:
    """Add the task, the one positional argument of most verbs."""
    parser.add_argument('task', metavar='TASK', help=', '.join(TASKS))


def add_simulator(parser: argparse.ArgumentParser) -> None:
    """Add the simulator of the plant."""
    parser.add_argument('--plant', choices=simulators(), default=EQUATIONS, help="gym: the task's "
                        'equations (default); pybullet: the PyBullet simulator; either with '
                        'friction, delay, dead zone and sensors adjustable with --set')
    parser.add_argument('--backend', choices=simulators(), dest='plant', **RENAMED)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the network to start with."""
    parser.add_argument('--model', metavar='FILE', help='network file, or the name of a shipped '
                        'one (default: TASK_0)')


def add_bag(parser: argparse.ArgumentParser) -> None:
    """Add the bag and the graph in it."""
    parser.add_argument('bag', metavar='BAG', type=Path, help='folder of a bag, or one file of it')
    parser.add_argument('--namespace', metavar='NS', help='of the graph, if the bag holds several')


def add_settings(parser: argparse.ArgumentParser, of: str) -> None:
    """Add ``--set``, once per value."""
    parser.add_argument('--set', metavar='NAME=VALUE', action='append', default=[],
                        dest='settings', help=f'change a parameter of {of}; may be repeated')


def add_episodes(parser: argparse.ArgumentParser, default: int, seed: int) -> None:
    """Add the number of episodes and their first seed."""
    parser.add_argument('--episodes', type=int, default=default, metavar='N',
                        help='how many episodes (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=seed, metavar='S',
                        help='episode i starts from seed S + i (default: %(default)s)')


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add machine-readable output."""
    parser.add_argument('--json', action='store_true', help='print one JSON object to standard '
                        'output; everything for people goes to standard error')


def print_json(value: Any) -> None:
    """Print one JSON object; numbers that are not finite become null."""
    print(to_json(value))


def output_file(text: str) -> Path:
    """
    Read the path of a file to be written at the end of a run.

    :raises argparse.ArgumentTypeError: it cannot be written, which is reported before the run.
    """
    path = Path(text)
    folder = next(each for each in path.absolute().parents if each.exists())
    try:
        if path.is_dir():
            raise IsADirectoryError(None, 'it is a folder')
        with TemporaryFile(dir=folder):
            return path
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f'{path}: cannot be written ({error.strerror})') from None


def plot_file(text: str) -> Path:
    """
    Read the path of a figure.

    :raises argparse.ArgumentTypeError: as :func:`output_file`, or an unknown file type.
    """
    path = output_file(text)
    if path.suffix.lower() not in PLOTS:
        raise argparse.ArgumentTypeError(f'{path}: its name must end in one of {", ".join(PLOTS)}')
    return path


def check_episodes(options: argparse.Namespace) -> None:
    """
    Refuse numbers of episodes and seeds that make no sense.

    :raises RstdpError: which one, and what it may be.
    """
    if not 1 <= options.episodes <= MAX_EPISODES:
        raise RstdpError(f'--episodes {options.episodes} is not in 1..{MAX_EPISODES}')
    if not 0 <= options.seed <= END - options.episodes:
        raise RstdpError(f'--seed {options.seed} is not in 0..{END - options.episodes}')


def apply_settings(settings: Sequence[str], *objects: Any) -> tuple[Any, ...]:
    """
    Apply ``name=value`` texts to the parameter objects that know the names.

    :param objects: instances of parameter tables.
    :return: the objects, changed.
    :raises RstdpError: an unknown name, no '=' or a value that does not fit.
    """
    tables = [table(type(o)) for o in objects]
    changes: list[dict[str, Any]] = [{} for _ in objects]
    for setting in settings:
        name, equals, text = setting.partition('=')
        if not equals:
            raise RstdpError(f'--set {setting}: expected NAME=VALUE')
        owners = [i for i, known in enumerate(tables) if name in known]
        if not owners:
            names = ', '.join(name for known in tables for name in known)
            raise RstdpError(f'unknown parameter {name!r}; known are {names}')
        changes[owners[0]][name] = tables[owners[0]][name].parse(text)
    return tuple(replace(o, **change) for o, change in zip(objects, changes))
