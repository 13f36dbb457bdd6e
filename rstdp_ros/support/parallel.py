"""Compiled work on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
import os
from threading import get_native_id, local, Thread
from typing import TypeVar

T = TypeVar('T')
R = TypeVar('R')

# Helpers make way for whatever controls a robot meanwhile.
NICENESS = 5
# Several parts per core even out their lengths.
PARTS_PER_CORE = 4

_here = local()


def cores() -> int:
    """Return how many cores to use: NUMBA_NUM_THREADS, which joblib sets, or all."""
    return int(os.environ.get('NUMBA_NUM_THREADS') or len(os.sched_getaffinity(0)))


def in_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """
    Return what ``work`` returns for every item, in their order, computed on all cores.

    The threads of this process share the work, so it should spend its time in compiled code, which
    runs without Python's lock. None of them keeps the process from ending. Work that is itself
    shared out in parts does them in turn.

    :raises Exception: what the first item raised whose work failed.
    """
    jobs: list[tuple[T, Future[R]]] = [(item, Future()) for item in items]
    left = iter(jobs)

    def run() -> None:
        _here.sharing = True
        for item, outcome in left:
            try:
                outcome.set_result(work(item))
            except BaseException as error:
                outcome.set_exception(error)

    def help_out() -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), NICENESS)
        run()

    if getattr(_here, 'sharing', False):
        return [work(item) for item, _ in jobs]
    for _ in range(min(cores(), len(jobs)) - 1):
        Thread(target=help_out, daemon=True).start()
    run()
    _here.sharing = False
    return [outcome.result() for _, outcome in jobs]


def parts(count: int) -> list[slice]:
    """Return slices of so many rows, for :func:`in_parallel`."""
    number = PARTS_PER_CORE * cores() if count > 1 else 1
    size = max(1, -(-count // number))
    return [slice(start, start + size) for start in range(0, max(count, 1), size)]
