"""Many independent jobs on several processors, with a cache of finished ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from rstdp_ros import __version__
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import from_json
from rstdp_ros.support.untrusted import read_file, refusing

EXECUTORS = ('loky', 'ray')
# Rounds of work at a time, for an executor that returns results only when all are there.
ROUNDS = 8
LARGEST_JOB = 2**26

Rows = list[dict[str, Any]]


class Executor(NamedTuple):
    """
    Where jobs run.

    :param workers: processes at once.
    :param name: 'loky' for this machine; 'ray' for whatever cluster Ray is connected to.
    """

    workers: int = 1
    name: str = 'loky'


def run_jobs(run: Callable[[Any], Rows], jobs: Sequence[Any], folder: Path, executor: Executor,
             progress: Callable[[], None] = lambda: None) -> None:
    """
    Run the unfinished jobs; :func:`finished` returns the rows.

    A job's rows are kept in a file named after its content, so a killed run continues where it
    was, and neither this nor the number of workers affects the rows.

    :param run: makes a job's rows; both must be picklable and depend on nothing else.
    :param jobs: dataclasses of plain values.
    :param folder: of the files.
    :param progress: called once per job.
    :raises RstdpError: joblib or Ray is missing, or an executor that does not exist.
    """
    files = [_file(run, job, folder) for job in jobs]
    missing = [i for i, file in enumerate(files) if _read(file) is None]
    for _ in range(len(jobs) - len(missing)):
        progress()
    folder.mkdir(parents=True, exist_ok=True)
    for i, rows in _execute(run, [(i, jobs[i]) for i in missing], executor):
        write_atomically(files[i], json.dumps(rows).encode())
        progress()


def finished(run: Callable[[Any], Rows], jobs: Sequence[Any], folder: Path) -> tuple[Rows, int]:
    """
    Return the rows of finished jobs, in the order of the jobs, and the number of these.

    :param folder: as in :func:`run_jobs`.
    """
    done = [rows for job in jobs if (rows := _read(_file(run, job, folder))) is not None]
    return [row for rows in done for row in rows], len(done)


def job_key(run: Callable[[Any], Rows], job: Any) -> str:
    """Name a job by everything that its rows depend on."""
    content = [run.__module__, run.__qualname__, __version__, asdict(job)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _file(run: Callable[[Any], Rows], job: Any, folder: Path) -> Path:
    return folder / f'{job_key(run, job)}.json'


def _read(file: Path) -> Rows | None:
    """Return the rows of a finished job; None for a damaged file, so that the job runs again."""
    try:
        with refusing(file):
            rows = from_json(read_file(file, LARGEST_JOB))
    except RstdpError:
        return None
    return rows if isinstance(rows, list) and all(isinstance(r, dict) for r in rows) else None


def _run_numbered(run: Callable[[Any], Rows], number: int, job: Any) -> tuple[int, Rows]:
    return number, run(job)


def _execute(run: Callable[[Any], Rows], jobs: Sequence[tuple[int, Any]],
             executor: Executor) -> Iterator[tuple[int, Rows]]:
    """Yield numbered results as they arrive."""
    if executor.workers == 1 and executor.name == 'loky':
        yield from (_run_numbered(run, *job) for job in jobs)
        return
    try:
        from joblib import delayed, Parallel
    except ModuleNotFoundError:
        raise RstdpError('experiments on several workers need joblib: '
                         'pip install "rstdp_ros[experiments]"') from None
    calls = [delayed(_run_numbered)(run, *job) for job in jobs]
    with _backend_of(executor):
        if executor.name == 'loky':
            yield from Parallel(executor.workers, return_as='generator_unordered')(calls)
            return
        size = executor.workers * ROUNDS
        for i in range(0, len(calls), size):
            yield from Parallel(executor.workers)(calls[i:i + size])


def _backend_of(executor: Executor) -> AbstractContextManager:
    if executor.name == 'loky':
        return nullcontext()
    if executor.name not in EXECUTORS:
        raise RstdpError(f'unknown executor {executor.name!r}; known are {", ".join(EXECUTORS)}')
    try:
        from joblib import parallel_config
        from ray.util.joblib import register_ray
    except ModuleNotFoundError:
        raise RstdpError('the executor ray needs Ray: pip install "rstdp_ros[ray]"') from None
    register_ray()
    return parallel_config(backend='ray')
