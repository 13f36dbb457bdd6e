"""An adaptation run and its folder: the same object offline, in the node and in replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
import errno
from functools import partial
import itertools
import json
import os
from pathlib import Path
from typing import Any

from rstdp_ros.plasticity.checkpoint import CheckpointStore
from rstdp_ros.plasticity.learner import Learner
from rstdp_ros.plasticity.records import EpisodeRecord
from rstdp_ros.plasticity.registry import AUTO, DEFAULT, STRATEGIES
from rstdp_ros.plasticity.restoring import OtherRunError
from rstdp_ros.plasticity.strategy import Lesson
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import from_json
from rstdp_ros.support.untrusted import refusing

EPISODES = 'episodes.jsonl'
ADAPTED = 'adapted.npz'
LONGEST_LINE = 2**16


class AdaptationRun:
    """
    A learner whose every step is on disk before anything acts on it.

    What could not be written, e.g. because the disk is full, is kept for another :meth:`secure`.

    The folder holds the latest checkpoints, ``episodes.jsonl`` with a line per episode, and at the
    end ``adapted.npz``.

    :param learner: the learner.
    :param folder: where to keep the run, created if necessary; None keeps nothing.
    :param keep: how many of the latest checkpoints to keep.
    :raises RstdpError: the folder cannot be created or written.
    """

    def __init__(self, learner: Learner, folder: Path | None = None, keep: int = 5) -> None:
        self.learner = learner
        self.folder = folder
        self.store = CheckpointStore(folder, keep) if folder else None
        self._unwritten: list[Callable[[], object]] = []
        if folder:
            make_folder(folder)

    def resume(self, report: Callable[[str], None]) -> bool:
        """
        Continue from the newest valid checkpoint of this run, if there is one.

        :param report: called for each checkpoint that cannot be used, with the reason.
        :return: whether there was one.
        :raises RstdpError: the folder holds another run, which continuing would overwrite.
        """
        if self.store is None:
            return False
        foreign = ''
        for path, state in self.store.states(report):
            try:
                self.learner.restore(state)
            except RstdpError as error:
                reason = f'{path}: checkpoint not used: {error}'
                report(reason)
                foreign = reason if isinstance(error, OtherRunError) else foreign
                continue
            self._go_on_after(path, report)
            return True
        if foreign:
            raise RstdpError(f'{foreign}; choose another folder or delete this one')
        self._go_on_after(None, report)
        return False

    def _go_on_after(self, used: Path | None, report: Callable[[str], None]) -> None:
        """Set aside the skipped files that new checkpoints and lines would overwrite."""
        try:
            for path in itertools.takewhile(lambda path: path != used, self.store.paths()):
                _set_aside(path)
            if used:
                self._truncate_log(report)
            else:
                for name in (EPISODES, ADAPTED):
                    _set_aside(self.folder / name)
        except OSError as error:
            reason = f'cannot keep a run there ({error.strerror})'
            raise RstdpError(f'{self.folder}: {reason}') from None

    def finish_episode(self, *episode: Any, **origin: Any) -> EpisodeRecord:
        """
        Learn from an episode and secure the result.

        :param episode: as :meth:`Learner.learn`, like ``origin``.

        :raises RstdpError: as :meth:`learn` and :meth:`secure`.
        """
        record = self.learn(*episode, **origin)
        self.secure()
        return record

    def learn(self, *episode: Any, **origin: Any) -> EpisodeRecord:
        """
        Learn from an episode; :meth:`secure` must follow.

        :param episode: as :meth:`Learner.learn`, like ``origin``.
        :raises RstdpError: as :meth:`Learner.learn`.
        """
        return self.adopt(self.learner.propose(*episode), **origin)

    def adopt(self, lesson: Lesson, **origin: Any) -> EpisodeRecord:
        """
        Continue with what an episode taught; :meth:`secure` must follow.

        :param lesson: from the learner's ``propose``; origin as for :meth:`Learner.adopt`.
        :raises RstdpError: as for :meth:`Learner.adopt`.
        """
        record = self.learner.adopt(lesson, **origin)
        # The line is written first: after a crash in between it is removed and the episode run
        # again, so the log never lacks an episode that a checkpoint has.
        self._unwritten += [partial(self._log, record), self.save_checkpoint]
        return record

    def finish(self) -> None:
        """Have :meth:`secure` write the deployed network."""
        self._unwritten.append(self.save_deployed)

    def secure(self) -> None:
        """
        Write what is not on disk yet.

        :raises RstdpError: this is impossible now; nothing is lost, and it can be retried.
        """
        try:
            while self._unwritten:
                self._unwritten[0]()
                del self._unwritten[0]
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RstdpError(f'{self.folder}: cannot be written to ({reason})') from None

    def save_checkpoint(self) -> None:
        """Write the learner's state."""
        if self.store:
            self.store.save(self.learner.state(), self.learner.episode)

    def save_deployed(self) -> Path | None:
        """Write the deployed network to ``adapted.npz`` and return its path."""
        if self.folder is None:
            return None
        path = self.folder / ADAPTED
        self.learner.deployed.save(path)
        return path

    def roll_back(self) -> None:
        """Continue from the deployed network; :meth:`secure` must follow."""
        self.learner.roll_back()
        self._unwritten.append(self.save_checkpoint)

    def restart(self) -> None:
        """
        Restart from the initial network, with the parameters in force.

        The log and result so far are set aside.
        """
        if self.store:
            # A crash in between leaves the newest one, as if nothing had happened.
            for path in reversed(self.store.paths()):
                path.unlink(missing_ok=True)
            for name in (EPISODES, ADAPTED):
                _set_aside(self.folder / name)
        self._unwritten.clear()
        before = self.learner
        self.learner = Learner(before.initial, before.recipe)
        self.learner.retune(before.present_recipe())

    def _log(self, record: EpisodeRecord) -> None:
        if self.folder is None:
            return
        line = f'{json.dumps(record.to_json())}\n'.encode()
        with (self.folder / EPISODES).open('ab', buffering=0) as file:
            end = file.tell()
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(end)
                raise

    def _truncate_log(self, report: Callable[[str], None]) -> None:
        """Drop the lines of episodes that will be run again; set a damaged log aside."""
        path = self.folder / EPISODES
        if not path.is_file():
            _set_aside(path)
            return
        lines = list(_lines(path))
        if any(record is None and line.endswith(b'\n') for line, record in lines):
            report(f'{path}: damaged lines are left out; the file as it was is kept beside it')
            _set_aside(path)
        kept = b''.join(line.rstrip(b'\n') + b'\n' for line, record in lines
                        if record and record.episode < self.learner.episode)
        # A full disk does not keep an unchanged run from continuing.
        if kept != b''.join(line for line, _ in lines):
            write_atomically(path, kept)


def find_strategy(name: str, folder: Path | None = None) -> str:
    """
    Return a strategy's name; for ``AUTO`` that of the run in a folder, or the default.

    :param folder: the run's; None for a run that is not kept.
    """
    if name != AUTO:
        return name
    for _, state in CheckpointStore(folder).states(lambda reason: None) if folder else ():
        with suppress(RstdpError), refusing('checkpoint'):
            if (name := state['rule']['name']) in STRATEGIES:
                return name
    return DEFAULT


def make_folder(folder: Path) -> None:
    """
    Create the folder of a run, if it does not exist.

    :raises RstdpError: it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(None, 'not writable')
    except OSError as error:
        raise RstdpError(f'{folder}: cannot keep a run there ({error.strerror})') from None


def _set_aside(path: Path) -> None:
    """Rename a file, if it exists, to the first free one of name_1, name_2, ..."""
    names = (path.with_stem(f'{path.stem}_{i}') for i in itertools.count(1))
    if path.exists():
        path.rename(next(name for name in names if not name.exists()))


def read_records(path: Path) -> list[EpisodeRecord]:
    """
    Read the complete lines of an episode log.

    :raises RstdpError: it cannot be read; names it.
    """
    with refusing(path):
        if not path.is_file():
            raise RstdpError(f'{path}: not a regular file')
        return [record for _, record in _lines(path) if record]


def _lines(path: Path) -> Iterator[tuple[bytes, EpisodeRecord | None]]:
    """Yield the lines of an episode log and their records."""
    with path.open('rb') as file:
        while line := file.readline(LONGEST_LINE):
            yield line, _record(line)


def _record(line: bytes) -> EpisodeRecord | None:
    """Parse a line; None if damaged, still being written, or cut off when its writer died."""
    try:
        with refusing('line'):
            return EpisodeRecord.from_json(from_json(line))
    except RstdpError:
        return None
