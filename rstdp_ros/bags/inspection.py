"""What is in a bag: episodes, weights, parameter changes and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rstdp_ros.bags.reader import Bag, Message
from rstdp_ros.bags.topics import PARAMETERS_OF
from rstdp_ros.drawing.plotting import BLUE, GREY, new_figure, VERMILLION
from rstdp_ros.drawing.saving import save_plot
from rstdp_ros.protocol.episode import announced_policy, EpisodeEnd, split_raster_frame
from rstdp_ros.protocol.reading import read_end, read_weights
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.digests import short
from rstdp_ros.support.endings import ABORTED
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing, shortened

# By the type in rcl_interfaces/ParameterValue.
VALUES = ('', 'bool_value', 'integer_value', 'double_value', 'string_value', 'byte_array_value',
          'bool_array_value', 'integer_array_value', 'double_array_value', 'string_array_value')
# Adaptation sets them before every episode.
ROUTINE = ('seed', 'leisurely')
NO_FAULT = 'none'


@dataclass
class EpisodeSeen:
    """
    An episode, as far as the bag has it.

    :param start: s since the bag's first message; ``duration`` in s.
    :param digest: first 16 hex digits of the digest of the weights that played it.
    :param distance: distance of the weights' W2 from that of the first network in the bag; None if
        they were never published.
    :param end: terminated, truncated, or aborted and why; '' if its end is missing.
    """

    episode_id: str
    start: float
    duration: float = 0.0
    observations: int = 0
    seed: int | None = None
    episode_return: float | None = None
    end: str = ''
    digest: str = ''
    distance: float | None = None


@dataclass
class Inspection:
    """The result of an inspection; times are s since the bag's first message."""

    task: str = ''
    duration: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    episodes: list[EpisodeSeen] = field(default_factory=list)
    published: list[tuple[float, str]] = field(default_factory=list)
    parameter_changes: list[tuple[float, str, str, str]] = field(default_factory=list)
    faults: list[tuple[float, str, str]] = field(default_factory=list)
    refused: int = 0
    # Name of strategy or guard, or 'bounds', to its parameters at the last update.
    learning: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Node to its parameters at the start, as JSON, kept by our recorder.
    parameters: Mapping[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


class Inspector:
    """Goes through a bag once."""

    def __init__(self, bag: Bag) -> None:
        self._bag, self._start = bag, bag.start_time
        self.result = Inspection(duration=bag.duration, counts=bag.counts,
                                 parameters={
                                     k.removeprefix(PARAMETERS_OF): v
                                     for k, v in bag.custom_data.items()
                                     if k.startswith(PARAMETERS_OF)},
                                 complaints=bag.complaints)
        self._episodes: dict[str, EpisodeSeen] = {}
        self._distances: dict[str, float] = {}
        self._first: SpikingQNetwork | None = None
        self._last_faults: dict[str, str] = {}

    def inspect(self) -> Inspection:
        """Return the result; unreadable messages are counted."""
        takers = {'observation': self._observation, 'spikes': self._spikes,
                  'episode_end': self._end, 'weights': self._weights,
                  '/parameter_events': self._parameters, '/diagnostics': self._diagnostics}
        for message in self._bag.messages(takers):
            try:
                with refusing(message.topic):
                    takers[message.topic](self._bag.decode(message), self._seconds(message))
            except RstdpError:
                self.result.refused += 1
        for episode in self._episodes.values():
            episode.distance = self._distances.get(episode.digest)
        self.result.episodes = list(self._episodes.values())
        return self.result

    def _seconds(self, message: Message) -> float:
        return (message.time - self._start) / 1e9

    def _episode(self, episode_id: str, time: float) -> EpisodeSeen:
        episode = self._episodes.setdefault(episode_id, EpisodeSeen(episode_id, time))
        episode.duration = max(episode.duration, time - episode.start)
        return episode

    def _observation(self, message: Any, time: float) -> None:
        self._episode(message.header.frame_id, time).observations += 1

    def _spikes(self, message: Any, time: float) -> None:
        episode_id, digest = split_raster_frame(message.header.frame_id)
        if not announced_policy(episode_id):
            self._episode(episode_id, time).digest = digest

    def _end(self, message: Any, time: float) -> None:
        end: EpisodeEnd = read_end(message)
        episode = self._episode(end.episode_id, time)
        episode.seed, episode.end, episode.episode_return = (end.seed, end.message,
                                                             end.episode_return)

    def _weights(self, message: Any, time: float) -> None:
        network = read_weights(message)
        self._first = self._first or network
        self.result.task = network.task
        self._distances[short(network.digest)] = network.distance(self._first)
        if not self.result.published or self.result.published[-1][1] != network.digest:
            self.result.published.append((time, network.digest))
        self.result.learning = _learning(network.metadata) or self.result.learning

    def _parameters(self, message: Any, time: float) -> None:
        if not self._ours(message.node):
            return
        for change in message.changed_parameters:
            name = VALUES[change.value.type]
            if change.name not in ROUTINE and name:
                self.result.parameter_changes.append(
                    (time, message.node, change.name,
                     shortened(getattr(change.value, name))))

    def _diagnostics(self, message: Any, time: float) -> None:
        for status in message.status:
            fault = next((v.value for v in status.values if v.key == 'last fault'), NO_FAULT)
            if (self._ours(status.name) and fault != NO_FAULT
                    and self._last_faults.get(status.name) != fault):
                self._last_faults[status.name] = fault
                self.result.faults.append((time, status.name, shortened(fault)))

    def _ours(self, node: str) -> bool:
        return node.rpartition('/')[0] == self._bag.namespace


def _learning(metadata: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return how a network was learned; {} if it was not. No plug-in is needed."""
    tables = ('rule', 'parameters'), ('guard', 'guard_parameters')
    if not all(key in metadata for pair in tables for key in pair):
        return {}
    return {**{f'{"strategy" if name == "rule" else name} {metadata[name]}': dict(metadata[table])
               for name, table in tables}, 'bounds': dict(metadata.get('bounds', {}))}


def plot_inspection(result: Inspection, path: Path) -> None:
    """
    Draw returns and the distance of the weights, over the episodes with an end.

    :raises RstdpError: matplotlib is missing, or the file cannot be written.
    """
    figure = new_figure(8, 5.5)
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={'height_ratios': (3, 2)})
    numbered = list(enumerate(result.episodes, 1))
    for aborted, color, label in ((False, BLUE, 'return'), (True, VERMILLION, 'aborted')):
        some = [(n, e) for n, e in numbered
                if e.end and e.end.startswith(ABORTED) == aborted]
        if some:
            top.plot([n for n, _ in some], [e.episode_return for _, e in some], 'o',
                     color=color, label=label, markersize=4)
    known = [(n, e.distance) for n, e in numbered if e.distance is not None]
    bottom.plot(*zip(*known) if known else ((), ()), color=GREY, drawstyle='steps-mid')
    for axes in (top, bottom):
        for time, *_ in result.parameter_changes:
            at = sum(e.start <= time for e in result.episodes)
            axes.axvline(at + 0.5, color=VERMILLION, linestyle=':', linewidth=1)
    top.set(ylabel='return', title=f'{result.task}: {len(result.episodes)} episodes in '
            f'{result.duration:.0f} s (dotted: a parameter was set)')
    bottom.set(xlabel='episode in the bag',
               ylabel='distance of the weights\nfrom the first network')
    top.legend(loc='best', fontsize='small')
    save_plot(figure, path)
