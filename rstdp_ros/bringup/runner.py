"""The graph as supervised processes, for machines without ros2 launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import TextIO

import yaml

from rstdp_ros.bringup.description import NodeDescription
from rstdp_ros.bringup.graph import RECORDER, RESPAWN_DELAY
from rstdp_ros.support.errors import EXIT_BAD_INPUT, RstdpError
from rstdp_ros.support.orphans import parent_variable

STOP_TIMEOUT = 5.0
# A node that dies this young, this often, is not tried again.
YOUNG = 10.0
YOUNG_DEATHS = 3


@dataclass
class Child:
    """A running node process and the record of its predecessors."""

    process: subprocess.Popen
    started: float
    young_deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    """
    Starts every node in a process of its own and restarts it when it dies.

    Use it as a context manager: on leaving, all processes are stopped.

    :param nodes: what to run.
    :param folder: for parameter files and logs.
    :param namespace: of all nodes.
    :param environment: variables beyond those of this process.
    """

    def __init__(self, nodes: Sequence[NodeDescription], folder: Path, namespace: str = '',
                 environment: Mapping[str, str] | None = None) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.folder, self.namespace = folder, namespace
        self.environment = {**os.environ, **parent_variable(), **(environment or {})}
        self.children: dict[str, Child] = {}

    def __enter__(self) -> Supervisor:
        """
        Start all nodes.

        :raises RstdpError: the folder cannot be made or written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, node in self.nodes.items():
                self._parameters(name).write_text(yaml.safe_dump(node.parameter_file))
        except OSError as error:
            raise RstdpError(f'{self.folder}: cannot be written to ({error.strerror})') from None
        for name in self.nodes:
            self.children[name] = Child(self._start(name), time.monotonic())
        return self

    def __exit__(self, *exception: object) -> None:
        """
        Stop all nodes.

        The first one goes alone, as what it moves must still hear its last messages; the recorder
        goes last, as it must hear all of them.
        """
        processes = {name: child.process for name, child in self.children.items()}
        recorder = [processes.pop(name) for name in (RECORDER,) if name in processes]
        others = list(processes.values())
        for group in (others[:1], others[1:], recorder):
            _stop(group)

    def poll(self) -> list[str]:
        """
        Restart dead nodes.

        :return: what happened, a sentence each.
        :raises RstdpError: a node that cannot run; with the last line of its log.
        """
        return [event for name, child in self.children.items()
                for event in self._watch(name, child)]

    def _watch(self, name: str, child: Child) -> list[str]:
        now, code = time.monotonic(), child.process.poll()
        if code is None:
            return []
        if child.restart_at is None:
            child.young_deaths = child.young_deaths + 1 if now - child.started < YOUNG else 0
            if code == EXIT_BAD_INPUT or child.young_deaths >= YOUNG_DEATHS:
                raise RstdpError(f'the {name} node cannot run: {self._last_words(name)}')
            child.restart_at = now + RESPAWN_DELAY
            return [f'the {name} node died (exit code {code}) and is started again']
        if now >= child.restart_at:
            child.process, child.started, child.restart_at = self._start(name), now, None
        return []

    def _start(self, name: str) -> subprocess.Popen:
        node = self.nodes[name]
        command = [sys.executable, '-m', node.module, '--ros-args',
                   '--params-file', str(self._parameters(name))]
        if self.namespace:
            command += ['-r', f'__ns:=/{self.namespace.strip("/")}']
        for topic, other in node.remappings.items():
            command += ['-r', f'{topic}:={other}']
        with self._log(name).open('a') as log:
            return self._run(command, log)

    def _run(self, command: list[str], log: TextIO) -> subprocess.Popen:
        # In a separate session: Ctrl-C is for the supervisor, which stops them in order.
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                env=self.environment, start_new_session=True)

    def _parameters(self, name: str) -> Path:
        return self.folder / f'{name}.yaml'

    def _log(self, name: str) -> Path:
        return self.folder / f'{name}.log'

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text(errors='replace').strip().splitlines()
        return lines[-1].removeprefix('rstdp_ros: error: ') if lines else 'it said nothing'


def _stop(processes: Sequence[subprocess.Popen]) -> None:
    """End processes: politely first, then by force."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + STOP_TIMEOUT
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
