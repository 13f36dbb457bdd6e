"""What every benchmark needs: work that takes turns, medians with their spread, one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import os
from pathlib import Path
import platform
from statistics import median
from time import perf_counter
from typing import NamedTuple

# Work that is short against the clock is repeated until it takes so long, s.
SAMPLE = 0.02


class Spread(NamedTuple):
    """A median, and between what it varied."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, samples: list[float]) -> Spread:
        """Summarise samples."""
        return cls(median(samples), min(samples), max(samples))

    def __str__(self) -> str:
        return f'{_short(self.median)} ({_short(self.least)} to {_short(self.most)})'


def _short(number: float) -> str:
    return f'{number:.0f}' if abs(number) >= 100 else f'{number:.3g}'


def seconds(work: Callable[[], object]) -> float:
    """Return how long work takes, once it has been done before."""
    begin = perf_counter()
    work()
    once = perf_counter() - begin
    count = max(1, round(SAMPLE / max(once, 1e-9)))
    begin = perf_counter()
    for _ in range(count):
        work()
    return (perf_counter() - begin) / count


def taking_turns(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """
    Time works in turns, so that whatever slows the machine slows all of them.

    :return: by name, the seconds of each round.
    """
    for work in works.values():
        work()
    samples: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            samples[name].append(seconds(work))
    return samples


def scaled(samples: list[float], factor: float) -> Spread:
    """Return samples in another unit."""
    return Spread.of([factor * sample for sample in samples])


def ratio(ours: list[float], theirs: list[float]) -> Spread:
    """Return how many times longer the second took, round by round."""
    return Spread.of([b / a for a, b in zip(ours, theirs)])


def machine() -> dict[str, object]:
    """Describe where it was measured."""
    cpuinfo = Path('/proc/cpuinfo')
    names = [line.split(':')[1].strip() for line in cpuinfo.read_text().splitlines()
             if line.startswith('model name')] if cpuinfo.exists() else []
    return {'processor': names[0] if names else platform.machine(),
            'cores': len(os.sched_getaffinity(0)), 'python': platform.python_version()}


def keep(path: Path | None, section: str, results: Mapping[str, object]) -> None:
    """Add results to a file of all benchmarks, if there is to be one."""
    if path is None:
        return
    known = json.loads(path.read_text()) if path.exists() else {}
    known[section] = {'machine': machine(), **results}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=1) + '\n')
