"""The decisions of another network: a policy in the shadow of the recorded one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.bags.reader import Bag
from rstdp_ros.drawing.plotting import BLUE, GREY, new_figure, VERMILLION
from rstdp_ros.drawing.saving import save_plot
from rstdp_ros.protocol.reading import read_effort, read_joints, to_nanoseconds
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing
from rstdp_ros.tasks import Task


class Shadow(NamedTuple):
    """
    Recorded decisions and those of the other network.

    :param names: names of the columns of ``states``: positions, then velocities of the joints.
    :param states: (n, 2 joints) float64; m or rad, then m/s or rad/s.
    :param episodes: (n,) int, counted from 0 in the order of the recording.
    :param differ: (n,) bool, whether the other network would have acted differently.
    """

    names: list[str]
    states: np.ndarray
    episodes: np.ndarray
    differ: np.ndarray

    @property
    def share(self) -> float:
        """The fraction of all decisions that would have differed."""
        return float(self.differ.mean())

    def per_episode(self) -> list[float]:
        """Return that fraction for every episode."""
        return [float(self.differ[self.episodes == e].mean())
                for e in range(self.episodes.max() + 1)]

    def where(self) -> dict[str, dict[str, list[float]]]:
        """Return each quantity's 10th, 50th and 90th percentile for both kinds."""
        def percentiles(rows: np.ndarray) -> dict[str, list[float]]:
            table = np.percentile(rows, (10, 50, 90), axis=0).T if len(rows) else []
            return {name: row.tolist() for name, row in zip(self.names, table)}

        same, other = percentiles(self.states[~self.differ]), percentiles(self.states[self.differ])
        return {name: {'same': same.get(name, []), 'otherwise': other.get(name, [])}
                for name in self.names}


def shadow(bag: Bag, network: SpikingQNetwork, task: Task) -> Shadow:
    """
    Present every answered observation of the recording to another network.

    :raises RstdpError: the network is for another task, or no observation was answered.
    """
    task.check_network(network)
    states, episodes, differ = [], [], []
    numbers: dict[str, int] = {}
    for key, joints, effort in decisions(bag, task):
        inference = network.infer(task.robot.observation(*joints))
        states.append([*joints[0], *joints[1]])
        episodes.append(numbers.setdefault(key[0], len(numbers)))
        differ.append(task.robot.effort(inference.q_values) != effort)
    if not states:
        raise RstdpError(f'{bag.path}: no observation of a {task.name} with its action; record '
                         'the topics observation and action')
    names = [f'{kind} of {joint}' for kind in ('position', 'velocity')
             for joint in task.robot.joints]
    return Shadow(names, np.array(states), np.array(episodes), np.array(differ))


def decisions(bag: Bag, task: Task) -> Any:
    """Yield ((episode id, stamp), joints, effort) for every observation with its action."""
    answered: set[tuple[str, int]] = set()
    # Either half may come first: topics overtake each other.
    halves: dict[tuple[str, int], tuple[str, Any]] = {}
    for message in bag.messages(('observation', 'action')):
        try:
            with refusing(message.topic):
                decoded = bag.decode(message)
                key = (decoded.header.frame_id, to_nanoseconds(decoded.header.stamp))
                value = (read_joints(decoded, task.robot.joints) if message.topic == 'observation'
                         else read_effort(decoded, task.robot.actuated_joint))
                if not np.all(np.isfinite(value)):
                    continue
        except RstdpError:
            continue  # its reader refused it, too
        if key in answered:
            continue  # a repeated observation was answered again, too
        topic, other = halves.setdefault(key, (message.topic, value))
        if topic != message.topic:
            answered.add(key)
            del halves[key]
            yield key, *((value, other) if message.topic == 'observation' else (other, value))


def plot_shadow(result: Shadow, name: str, path: Path) -> None:
    """
    Draw how often and where the other network would have acted differently.

    :param name: the other network's name.
    :raises RstdpError: matplotlib is missing, or the file cannot be written.
    """
    figure = new_figure(10, 4.5)
    left, right = figure.subplots(1, 2)
    shares = result.per_episode()
    left.bar(range(1, len(shares) + 1), [100 * share for share in shares], color=BLUE)
    left.set(xlabel='episode', ylabel='decisions that differ (%)', ylim=(0, None),
             title=f'{name}: {100 * result.share:.1f} % differ')
    half = len(result.names) // 2
    x, y = half - 1, 2 * half - 1  # the last joint is the one to balance or to swing
    for kind, color, size, label in ((~result.differ, GREY, 2, 'same action'),
                                     (result.differ, VERMILLION, 6, 'other action')):
        right.scatter(result.states[kind, x], result.states[kind, y], s=size, color=color,
                      label=label, linewidths=0)
    right.set(xlabel=f'{result.names[x]} (rad)', ylabel=f'{result.names[y]} (rad/s)',
              title='Where')
    for handle in right.legend(loc='best', fontsize='small').legend_handles:
        handle.set_sizes([20])
    save_plot(figure, path)
