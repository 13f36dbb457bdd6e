"""What a page shows: plain values, replaced as messages come in, read by any number of pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
import math
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.parameters import table
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.unknown import Unknown

# Number of past episodes that can be shown again.
KEPT = 100
# Means are those of the adaptation node's log.
MEAN_OF = 10


class Status(NamedTuple):
    """
    A node's last entry on /diagnostics.

    :param level: 0 well, 1 doubtful, 2 stopped, 3 silent.
    """

    level: int
    message: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Played:
    """
    A finished episode.

    :param number: counted since the page's node started.
    :param result: return of an episode that was not aborted, otherwise NaN.
    :param end: how it ended, in the environment's words.
    :param poses: reads what was seen of it, in order: most episodes are never shown again.
    :param physics: of the plant, by name.
    :param event: what the guard or the strategy did meanwhile; '' for nothing.
    """

    number: int
    result: float
    steps: int
    end: str
    poses: Callable[[], Sequence[Joints]]
    physics: Mapping[str, Any]
    event: str = ''


class Adjustable(NamedTuple):
    """
    A number of the environment that may be changed while it runs.

    :param low: smallest value that is offered; ``high``: largest.
    :param step: between neighbouring values.
    """

    name: str
    low: float
    high: float
    step: float
    unit: str
    description: str


class Scene:
    """
    The present state of a graph.

    A value is never changed, only replaced, so readers need no lock, and see whether something is
    new by its identity. The node's thread writes, and pages what a person set; a change that is
    lost between them comes with the node's next reading of all parameters.

    :param task: the task.
    :param network: the one that the run began with.
    :ivar network: the latest one.
    :ivar joints: the latest pose, None before the first.
    :ivar raster: the latest spikes, (T, h1 + h2) uint8, None before the first.
    :ivar values: parameters of the environment and adaptation nodes, by node and name.
    :ivar answer: the outcome of what a person asked for last.
    """

    def __init__(self, task: Task, network: SpikingQNetwork) -> None:
        self.task = task
        self.first = self.network = network
        self.joints: Joints | None = None
        self.raster: np.ndarray | None = None
        self.values: Mapping[tuple[str, str], Any] = {}
        self.status: Mapping[str, Status] = {}
        self.played: Sequence[Played] = ()
        self.answer = ''
        self._event = ''

    @property
    def simulated(self) -> bool:
        """Whether the plant's parameters can be set."""
        return self.values.get(('environment', 'plant')) in ('gym', *self.task.simulated)

    @property
    def physics(self) -> Mapping[str, Any]:
        """The known parameters of the plant, by name."""
        return {name: self.values['environment', name] for name in table(self.task.physics)
                if ('environment', name) in self.values}

    def learned(self, network: SpikingQNetwork) -> None:
        """Take new weights."""
        if network.digest != self.network.digest:
            self.network = network

    def ended(self, episode_return: float, steps: int, end: str,
              poses: Callable[[], Sequence[Joints]]) -> None:
        """Add a finished episode."""
        number = self.played[-1].number + 1 if self.played else 0
        episode = Played(number, episode_return, steps, end, poses, self.physics)
        self.played = (*self.played, episode)[-KEPT:]

    def reported(self, node: str, status: Status) -> None:
        """Take a node's diagnostics; a new event of learning belongs to the latest episode."""
        self.status = {**self.status, node: status}
        learns = node == 'adaptation'
        event = status.values.get('last event', self._event) if learns else self._event
        if event != self._event and self.played:
            self._event = event
            *others, last = self.played
            self.played = (*others, replace(last, event=event.split(': ', 1)[-1]))

    def set(self, node: str, values: Mapping[str, Any]) -> None:
        """Take values of a node's parameters."""
        known = {**self.values, **{(node, name): v for name, v in values.items()}}
        if known != self.values:
            self.values = known

    def log_gains(self) -> np.ndarray:
        """Return how much larger each observed value counts than at first, as logarithms."""
        sizes = [np.abs(network.weights[0]).sum(axis=1).reshape(-1, 2).sum(axis=1)
                 for network in (self.first, self.network)]
        return np.log(np.maximum(sizes[1], 1e-12) / np.maximum(sizes[0], 1e-12))

    def findings(self) -> list[tuple[str, str, str]]:
        """List what was identified: name, value with its interval, and the true value."""
        said = self.status.get('adaptation', Status(0, '', {})).values
        truth = self.physics if self.simulated else {}
        return [(name, text, f'{truth[name]:.4g}' if name in truth else '')
                for title, text in said.items() if title.startswith('identified ')
                for name in (title.split(' ', 1)[1],)]


def adjustables(task: Task) -> list[Adjustable]:
    """List the plant's parameters that are offered, each with a span that makes sense."""
    known, usual = table(task.physics), {unknown.name: unknown for unknown in task.unknowns}
    names = list(dict.fromkeys((*task.plant_span, *usual))) or list(known)
    offered = []
    for parameter in (known[name] for name in names if type(known[name].default) is float):
        usually = _span(float(parameter.default), usual.get(parameter.name))
        low, high = task.plant_span.get(parameter.name, usually)
        low = low if parameter.minimum is None else max(low, parameter.minimum)
        high = high if parameter.maximum is None else min(high, parameter.maximum)
        if low < high:
            offered.append(Adjustable(parameter.name, low, high, _step(high - low),
                                      parameter.unit, parameter.description))
    return offered


def _span(middle: float, unknown: Unknown | None) -> tuple[float, float]:
    """Return a span about the usual value: what identification expects, or a factor of four."""
    if unknown and not unknown.logarithmic:
        return middle - 2 * unknown.spread, middle + 2 * unknown.spread
    low, high = sorted((middle / 4, middle * 4))
    return low, high


def _step(span: float) -> float:
    """Return a round step, 100 to 250 of which make a span."""
    power = 10.0 ** math.floor(math.log10(span / 100))
    return power * max(n for n in (1, 2, 5) if n * power <= span / 100)
