"""Film episodes before and after adaptation, side by side: plant, spikes and return."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import Progress
from rstdp_ros.drawing.film.script import Script
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.experiments.run_folder import read_run_folder
from rstdp_ros.nodes.tables import EnvironmentParameters
from rstdp_ros.plasticity import AUTO, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import in_present_names, table
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import EQUATIONS, get_task, simulators, Task

ADAPTATION_EPISODES = 3
# Slower GIFs are slide shows; browsers slow down faster ones.
FPS = (1, 50)
WIDTH = (200, 3840)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_task(parser)
    shared.add_simulator(parser)
    parser.add_argument('--before', metavar='FILE', help='network file, or the name of a shipped '
                        'one (default: TASK_0)')
    parser.add_argument('--after', metavar='FILE', help='the network after learning (default: '
                        f'--before is adapted now, offline, as by {ADAPTATION_EPISODES} episodes '
                        'of rstdp_ros adapt)')
    parser.add_argument('--run-dir', type=Path, metavar='DIR', help='take both networks, and the '
                        "plant if it is recorded, from the folder of a run: the demo's, or a "
                        "launch's run_dir")
    parser.add_argument('--seed', type=int, nargs='+', default=[seeds.HELD_OUT], metavar='S',
                        help='the starts to show, one after another (default: the first '
                        'held-out one, %(default)s)')
    shared.add_settings(parser, "the plant's physics; without any the plant is the run's, or the "
                        "demo's")
    parser.add_argument('--output', type=Path, required=True, metavar='FILE',
                        help='.gif, or .mp4 where ffmpeg is installed')
    parser.add_argument('--speed', type=float, metavar='X', help='times real time (default: so '
                        'that a start takes about 8 s)')
    parser.add_argument('--fps', type=int, default=25, metavar='N', help='frames per second '
                        '(default: %(default)s)')
    parser.add_argument('--width', type=int, default=800, metavar='PX', help='pixels; the height '
                        'follows (default: %(default)s)')
    parser.add_argument('--max-seconds', type=float, default=20.0, metavar='S', help='longest '
                        'duration of the film in seconds (default: %(default)g)')


def run(options: argparse.Namespace) -> None:
    """Find the networks and the plant, film and write."""
    from rstdp_ros.drawing.film.film import Film
    from rstdp_ros.drawing.film.writer import check_output, write_film
    check(options)
    check_output(options.output)
    film = Film(script_of(options))
    for seed, pair in zip(options.seed, film.pairs):
        print(f'start of seed {seed}: return {pair[0].returns[-1]:g} before, '
              f'{pair[1].returns[-1]:g} after')
    if film.missing_seconds:
        print(f'--max-seconds {options.max_seconds:g} cuts off the last '
              f'{film.missing_seconds:.1f} s; a higher --speed shows all')
    progress = Progress(sys.stderr)
    write_film(options.output, film, options.fps,
               lambda done: progress(f'{done} of {len(film)} pictures'))
    print(f'film: {options.output}, {len(film) / options.fps:.1f} s at {film.speed:g} x real '
          f'time, {options.output.stat().st_size / 1e6:.2f} MB')


def check(options: argparse.Namespace) -> None:
    """
    Refuse options that give no film.

    :raises RstdpError: which one, and what it may be.
    """
    for seed in options.seed:
        if not 0 <= seed < seeds.END:
            raise RstdpError(f'--seed {seed} is not in 0..{seeds.END - 1}')
    for name, (low, high) in (('fps', FPS), ('width', WIDTH)):
        if not low <= getattr(options, name) <= high:
            raise RstdpError(f'--{name} {getattr(options, name)} is not in {low}..{high}')
    for name in ('speed', 'max_seconds'):
        value = getattr(options, name)
        if value is not None and not 0.01 <= value <= 1000.0:
            raise RstdpError(f'--{name.replace("_", "-")} {value:g} is not in 0.01..1000')
    if options.run_dir and (options.before or options.after):
        raise RstdpError('--run-dir brings both networks; leave out --before and --after')
    if options.after and not options.before:
        raise RstdpError('--after needs --before, the network that it was made of')


def script_of(options: argparse.Namespace) -> Script:
    """
    Find the networks before and after and the plant.

    :raises RstdpError: a network or a setting that does not fit.
    """
    task = get_task(options.task, options.plant)
    if options.run_dir:
        task, before, after, usual = of_run(task, options.run_dir)
    else:
        before = load(task, options.before or f'{task.name}_0')
        after = load(task, options.after) if options.after else None
        usual = task.physics() if options.settings else task.make_physics(task.demo_physics)
    physics, = shared.apply_settings(options.settings, usual)
    after = after or adapted(task, before, physics)
    if before.sizes != after.sizes:
        raise RstdpError(f'the networks have layers {before.sizes} and {after.sizes}; a film '
                         'compares networks of one shape')
    return Script(task, physics, before, after, options.seed, options.speed, options.fps,
                  options.width, options.max_seconds)


def load(task: Task, name: str) -> SpikingQNetwork:
    """Read a network of the task."""
    network = SpikingQNetwork.load(model_path(name))
    task.check_network(network)
    return network


def of_run(task: Task, folder: Path) -> tuple[Task, SpikingQNetwork, SpikingQNetwork, Any]:
    """Take networks and plant from a run, and print what is unknown."""
    before, after, environment = read_run_folder(folder, print)
    task.check_network(before)
    if not environment:
        print(f"{folder} does not say which plant it met; this is the demo's, --set gives others")
        return task, before, after, task.make_physics(task.demo_physics)
    plant = in_present_names(EnvironmentParameters, environment).get('plant', EQUATIONS)
    if plant in simulators():
        task = get_task(task.name, plant)
    else:
        print(f'the run met a plant of kind {plant}; the film shows a simulation with the same '
              'parameters')
    known = table(task.physics)
    return task, before, after, task.make_physics(
        {name: value for name, value in environment.items() if name in known})


def adapted(task: Task, network: SpikingQNetwork, physics: Any) -> SpikingQNetwork:
    """Adapt a network as ``rstdp_ros adapt`` does by default."""
    print(f'adapting {network.digest[:8]} to the plant: {ADAPTATION_EPISODES} episodes from seed '
          f'{seeds.ADAPTATION} ...', flush=True)
    learner, _ = adapt(Adaptation(
        task, network, physics, ADAPTATION_EPISODES, Recipe.of(task.name, seeds.ADAPTATION,
                                                               AUTO)))
    return learner.deployed
