"""What a bag tells of how a plant moved, whoever commanded it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from rstdp_ros.bags.driver import driven, Driver, JOINT_STATES
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.recordings import Recorder
from rstdp_ros.bags.stretches import stretches
from rstdp_ros.errors import RstdpError
from rstdp_ros.tasks.task import Task
from rstdp_ros.trajectory import Trajectory

# Of steps; more would take minutes and tell little that is new.
ENOUGH = 2000


@dataclass(frozen=True)
class Motion:
    """
    What a bag tells of a plant.

    :param episodes: of how many there is something.
    :param notes: what was left out, a sentence each.
    """

    trajectories: list[Trajectory]
    episodes: int
    notes: list[str]

    @property
    def steps(self) -> int:
        """How many observations there are."""
        return sum(len(one.efforts) for one in self.trajectories)


def recorded_motion(bag: Bag, task: Task, driver: Driver, first: int = 0,
                    last: int | None = None) -> Motion:
    """
    Take the latest steps of some episodes, as many as tell something.

    A robot that plays no episodes tells by its driver's topics; each stretch of its motion counts
    as an episode.

    :param first: number of the first episode, in the order of the recording, from 0; likewise
        last; None for the bag's.
    :raises RstdpError: what tells of motion was not recorded, or nothing of it can be used.
    """
    refused: Counter[str] = Counter()
    episodes = list(_episodes(bag, task, driver, refused))
    chosen = episodes[first:None if last is None else last + 1]
    if episodes and not chosen:
        raise RstdpError(f'{bag.path}: holds {len(episodes)} episodes, counted from 0, and none '
                         'of those asked for')
    trajectories, count, left_out = _latest(chosen)
    notes = [f'{count} of {len(chosen)} episodes left out: {reason}'
             for reason, count in left_out.items()]
    notes += [f'{count} messages left out: {reason}' for reason, count in refused.items()]
    if not trajectories:
        raise RstdpError('; '.join([f'{bag.path}: no step of a {task.name} with its action',
                                    *notes]))
    return Motion(trajectories, count, notes)


def _episodes(bag: Bag, task: Task, driver: Driver,
              refused: Counter[str]) -> Iterator[Callable[[], list[Trajectory]]]:
    """Yield what cuts an episode into trajectories, or raises why it does not."""
    counts = bag.counts
    if counts.get(JOINT_STATES) and not counts['observation']:
        for trajectory in driven(bag, task, driver, refused):
            yield lambda one=trajectory: [one]
    else:
        for recording in Recorder(bag, task, refused).recordings().values():
            yield partial(stretches, task, recording)


def _latest(episodes: Sequence[Callable[[], list[Trajectory]]]
            ) -> tuple[list[Trajectory], int, Counter[str]]:
    """Return trajectories, of how many episodes they are, and why others were left out."""
    taken: list[Trajectory] = []
    count, left_out = 0, Counter()
    for cut in reversed(episodes):
        if sum(len(one.efforts) for one in taken) >= ENOUGH:
            left_out[f'{ENOUGH} later steps suffice'] += 1
            continue
        try:
            found = cut()
        except RstdpError as error:
            left_out[str(error)] += 1
            continue
        taken = found + taken
        count += bool(found)
    return taken, count, left_out
