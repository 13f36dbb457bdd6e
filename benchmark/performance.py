"""Write docs/performance.md and its figure from what the benchmarks measured."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
import json
from pathlib import Path

from measuring import Spread

from rstdp_ros.drawing.plotting import BLUE, GREY, panels
from rstdp_ros.drawing.saving import save_plot

FIGURE = 'performance.png'
GROWTH = """\
Time of one observation of a cart-pole, median with range. Left: one inference of a made-up
network, by neurons per layer (8 ticks) and by ticks (64 neurons). Right: the shipped network in
batches of episodes on all cores, on one plant and with a plant per episode."""
INTRODUCTION = """# Performance

All figures on this page come from `make bench` and `make bench-peers`, which write this page too.
A figure is a median, with the smallest and the largest value in brackets. What is compared took
turns in one run, so other work on the machine slows both sides; compare ratios, not seconds.
"""
SECTIONS = {
    'kernels': """## Kernels

A batch is 100 episodes with their physics, on one core. The bound (`benchmark/bound.c`) is the
network alone, without physics, in C with AVX-512 for fixed sizes, and makes the same bits. r-STDP
is the whole proposal after an episode. A search in the twin plays all candidates from all starts.
""",
    'peers': """## Others that do the same

The cart-pole's network of 64 + 64 neurons and 8 ticks, on one core. Norse's and snnTorch's
networks have the same kind of neurons; SpikingJelly's have no synaptic current, so they compute
less. torch runs 100 networks at once but no physics; we run both. gymnax compiles 100 cart-poles
into vectors of float32; ours are in float64, bit for bit Gymnasium's.
""",
    'simulators': """## Simulators

Steps per second of whole episodes, policy included.
""",
    'startup': """## Start

From the start of a process to its line `ready`, s, and its memory after five seconds of running.
Most of what is resident is LLVM's library (70 MB), which all nodes share.
""",
    'lockstep': """## Steps over ROS

Lockstep: environment, policy and adaptation in three processes, each step waiting for its answer.
The bare graph sends the same three messages and does nothing else. "In one process" is
`composed:=true`.
""",
    'view': """## The live page

Steps per second in lockstep with the view node, as a fraction of those without it. The pages are
WebSockets that take everything and draw nothing, as browsers on other machines do.
"""}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table in Markdown."""
    lines = [list(head), *rows]
    lines.insert(1, ['---'] * len(lines[0]))
    return '\n'.join(f'| {" | ".join(map(str, line))} |' for line in lines) + '\n'


def spread(values: object) -> object:
    """Return what was kept as a list as a median with its spread."""
    return Spread(*values) if isinstance(values, list) else round(values, 2)


def rows_of(kinds: Mapping[str, Mapping[str, object]]) -> str:
    """Return a table with a column for each of some kinds, a row for what was measured."""
    whats = dict.fromkeys(what for known in kinds.values() for what in known)
    return table(['', *kinds], ([what, *(spread(known[what]) if what in known else ''
                                         for known in kinds.values())] for what in whats))


def kernels(results: Mapping[str, object]) -> str:
    """Return the tables of the kernels and what grows with size."""
    tasks = {name: known for name, known in results.items() if name not in ('growth', 'machine')}
    return rows_of(tasks) + f'\n![how the kernels grow]({FIGURE})\n\n{GROWTH}\n'


def peers(results: Mapping[str, object]) -> str:
    """Return a table for each kind of work."""
    return '\n'.join(f'{part}:\n\n' + table(
        ['', 'us', 'times as long as ours'],
        ([name, spread(known['us']), spread(known['times ours'])]
         for name, known in works.items()))
        for part, works in results.items() if part != 'machine')


def columns(results: Mapping[str, object]) -> str:
    """Return one table."""
    return rows_of({name: known for name, known in results.items() if name != 'machine'})


def one(results: Mapping[str, object]) -> str:
    """Return one column."""
    return table(['', ''], ([what, spread(known)] for what, known in results.items()
                            if what != 'machine'))


WRITERS = {'kernels': kernels, 'peers': peers, 'simulators': columns, 'startup': columns,
           'lockstep': one, 'view': one}


def draw(growth: Mapping[str, Mapping[str, list[float]]], path: Path) -> None:
    """Draw how the time of an observation grows with neurons, ticks, episodes and plants."""
    figure, axes = panels(len(growth), columns=4)
    for axis, (what, points) in zip(axes, growth.items()):
        sizes = [int(n) for n in points]
        middle, least, most = zip(*points.values())
        axis.fill_between(sizes, least, most, color=GREY, alpha=0.4, linewidth=0)
        axis.plot(sizes, middle, color=BLUE, marker='o')
        axis.set(xscale='log', yscale='log', xlabel=what)
    axes[0].set_ylabel('us per observation')
    save_plot(figure, path)


def main() -> None:
    """Write page and figure."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('results', type=Path, help='what --json of the benchmarks wrote')
    parser.add_argument('--docs', type=Path, default=Path('docs'), metavar='FOLDER')
    options = parser.parse_args()
    known = json.loads(options.results.read_text())
    page = [INTRODUCTION]
    for section, text in SECTIONS.items():
        if section in known:
            where = known[section]['machine']
            page.append(text + '\n' + WRITERS[section](known[section]) + (
                f'\nMeasured on {where["cores"]} cores of: {where["processor"]}, '
                f'Python {where["python"]}.\n'))
    (options.docs / 'performance.md').write_text('\n'.join(page))
    if 'kernels' in known:
        draw(known['kernels']['growth'], options.docs / FIGURE)


if __name__ == '__main__':
    main()
