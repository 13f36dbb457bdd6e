"""Each episode's motion in a bag: joints and efforts, by stamp."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rstdp_ros.bags.reader import Bag
from rstdp_ros.protocol.episode import announced_policy, EpisodeEnd, split_raster_frame
from rstdp_ros.protocol.reading import (
    read_effort,
    read_end,
    read_joints,
    read_raster,
    read_weights,
    to_nanoseconds,
)
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing, shortened
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.task import Task

# Topics may overtake each other, but by no more than this.
NETWORKS_REMEMBERED = 16
NEEDED = ('record observation and action; or observation, spikes and weights; or, of a robot '
          'alone, joint_states and <controller>/commands')


@dataclass
class Recording:
    """
    The recorded data of an episode.

    :param joints: by stamp, ns: time of recording, ns, and values.
    :param efforts: by the stamp of the observation they answer: time and value, N or N m.
    :param end: None if it is missing.
    :param policy: beginning of the digest of the network that played; '' if unknown.
    """

    joints: dict[int, tuple[int, Joints]] = field(default_factory=dict)
    efforts: dict[int, tuple[int, float]] = field(default_factory=dict)
    end: EpisodeEnd | None = None
    policy: str = ''


class RecordingReader:
    """
    Goes through a bag once.

    :param refused: counts the reasons why messages were left out.
    """

    def __init__(self, bag: Bag, task: Task, refused: Counter[str]) -> None:
        self._bag, self._task, self._refused = bag, task, refused
        self._networks: OrderedDict[str, SpikingQNetwork] = OrderedDict()
        self._answered = bool(bag.counts['action'])
        self._recordings: dict[str, Recording] = {}

    def recordings(self) -> dict[str, Recording]:
        """
        Return the recording of every episode, by its id, in the order of the recording.

        :raises RstdpError: joints or commands were not recorded at all.
        """
        counts = self._bag.counts
        takers = {'observation': self._observation, 'episode_end': self._end,
                  'action': self._action, 'spikes': self._spikes, 'weights': self._weights}
        needed = {'observation', *(['action'] if self._answered else ['spikes', 'weights'])}
        for topic in sorted(needed):
            if not counts[topic]:
                raise RstdpError(f'{self._bag.path}: no {topic} were recorded, so a plant cannot '
                                 f'be identified from it; {NEEDED}')
        for message in self._bag.messages(takers):
            try:
                with refusing(f'a message on {message.topic}'):
                    takers[message.topic](self._bag.decode(message), message.time)
            except RstdpError as error:
                self._refused[shortened(f'{message.topic}: {error}')] += 1
        return self._recordings

    def network_of(self, recording: Recording) -> SpikingQNetwork | None:
        """Return the network that played a whole episode, if it is one of the latest."""
        end = recording.end
        whole = end and not end.aborted and end.steps == len(recording.joints)
        return self._networks.get(recording.policy) if whole else None

    def _of(self, episode_id: str) -> Recording:
        return self._recordings.setdefault(episode_id, Recording())

    def _observation(self, message: Any, time: int) -> None:
        joints = Joints(*read_joints(message, self._task.robot.joints))
        if not np.all(np.isfinite(joints)):
            raise RstdpError('joints that are not finite')
        # A repeated one is the same.
        self._of(message.header.frame_id).joints.setdefault(
            to_nanoseconds(message.header.stamp), (time, joints))

    def _action(self, message: Any, time: int) -> None:
        effort = read_effort(message, self._task.robot.actuated_joint)
        if not np.isfinite(effort):
            raise RstdpError('an effort that is not finite')
        self._command(message.header.frame_id, message.header.stamp, time, effort)

    def _spikes(self, message: Any, time: int) -> None:
        episode_id, digest = split_raster_frame(message.header.frame_id)
        if announced_policy(episode_id):
            return
        self._of(episode_id).policy = digest
        if self._answered:
            return
        network = self._networks.get(digest)
        if network is None:
            raise RstdpError('spikes of a network that is not in the bag')
        *_, raster = read_raster(message, *network.raster_shape)
        effort, = self._task.efforts(network, raster[np.newaxis])
        self._command(episode_id, message.header.stamp, time, effort)

    def _command(self, episode_id: str, stamp: Any, time: int, effort: float) -> None:
        self._of(episode_id).efforts.setdefault(to_nanoseconds(stamp), (time, float(effort)))

    def _weights(self, message: Any, time: int) -> None:
        network = read_weights(message)
        self._task.check_network(network)
        self._networks[short(network.digest)] = network
        while len(self._networks) > NETWORKS_REMEMBERED:
            self._networks.popitem(last=False)

    def _end(self, message: Any, time: int) -> None:
        end = read_end(message)
        self._of(end.episode_id).end = end
