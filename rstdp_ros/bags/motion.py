"""A plant's motion from a bag, whatever commanded it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from rstdp_ros.bags.driver import driven, Driver, JOINT_STATES
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.recordings import Recording, RecordingReader
from rstdp_ros.bags.stretches import stretches
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.task import Task

# Number of steps; more would take minutes and add little.
ENOUGH = 2000


class Played(NamedTuple):
    """
    A whole episode, and the network that played it.

    :param start: the first sensor values.
    """

    network: SpikingQNetwork
    start: Joints
    episode_return: float


class Cut(NamedTuple):
    """
    An episode that may be cut into trajectories.

    :param trajectories: cuts it, or raises the reason why not.
    """

    trajectories: Callable[[], list[Trajectory]]
    played: Played | None = None


@dataclass(frozen=True)
class Motion:
    """
    The motion of a plant in a bag.

    :param episodes: number of episodes used.
    :param notes: omissions, a sentence each.
    :param played: whole episodes of networks that are in the bag.
    """

    trajectories: list[Trajectory]
    episodes: int
    notes: list[str]
    played: list[Played]

    @property
    def steps(self) -> int:
        """The number of observations."""
        return sum(len(one.efforts) for one in self.trajectories)


def recorded_motion(bag: Bag, task: Task, driver: Driver, first: int = 0,
                    last: int | None = None) -> Motion:
    """
    Take the latest steps of some episodes, as many as are useful.

    The motion of a robot that plays no episodes is read from its driver's topics; each stretch of
    it counts as an episode.

    :param first: number of the first episode, in the order of the recording, from 0; ``last``: of
        the last one, None for the bag's.
    :raises RstdpError: no topic with motion was recorded, or none of it can be used.
    """
    refused: Counter[str] = Counter()
    episodes = list(_episodes(bag, task, driver, refused))
    chosen = episodes[first:None if last is None else last + 1]
    if episodes and not chosen:
        raise RstdpError(f'{bag.path}: holds {len(episodes)} episodes, counted from 0, and none '
                         'of those asked for')
    trajectories, taken, left_out = _latest(chosen)
    notes = [f'{count} of {len(chosen)} episodes left out: {reason}'
             for reason, count in left_out.items()]
    notes += [f'{count} messages left out: {reason}' for reason, count in refused.items()]
    if not trajectories:
        raise RstdpError('; '.join([f'{bag.path}: no step of a {task.name} with its action',
                                    *notes]))
    return Motion(trajectories, len(taken), notes,
                  [cut.played for cut in taken if cut.played])


def _episodes(bag: Bag, task: Task, driver: Driver,
              refused: Counter[str]) -> Iterator[Cut]:
    """Yield the episodes in the order of the recording."""
    counts = bag.counts
    if counts.get(JOINT_STATES) and not counts['observation']:
        for trajectory in driven(bag, task, driver, refused):
            yield Cut(partial(list, [trajectory]))
    else:
        reader = RecordingReader(bag, task, refused)
        for recording in reader.recordings().values():
            yield Cut(partial(stretches, task, recording), _played(reader, recording))


def _played(reader: RecordingReader, recording: Recording) -> Played | None:
    """Return a whole episode with its network, if the bag has it."""
    network = reader.network_of(recording)
    if network is None:
        return None
    _, start = recording.joints[min(recording.joints)]
    return Played(network, start, recording.end.episode_return)


def _latest(episodes: Sequence[Cut]) -> tuple[list[Trajectory], list[Cut], Counter[str]]:
    """Return trajectories, their episodes, and the reasons why others were left out."""
    found: list[Trajectory] = []
    taken: list[Cut] = []
    left_out: Counter[str] = Counter()
    for cut in reversed(episodes):
        if sum(len(one.efforts) for one in found) >= ENOUGH:
            left_out[f'{ENOUGH} later steps suffice'] += 1
            continue
        try:
            pieces = cut.trajectories()
        except RstdpError as error:
            left_out[str(error)] += 1
            continue
        found = pieces + found
        if pieces:
            taken.insert(0, cut)
    return found, taken, left_out
