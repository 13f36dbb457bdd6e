"""The policy's side: answers observations, and changes weights only between episodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
import math
from typing import NamedTuple

import numpy as np

from rstdp_ros.backends import Backend
from rstdp_ros.protocol.episode import announcement_id, new_boot_id, raster_frame
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import Task


class Answer(NamedTuple):
    """
    The response to an observation.

    :param effort: the command, one of the action efforts of task and network.
    :param raster: (T, h1 + h2) uint8 of 0 and 1.
    :param frame: names the episode and the weights, for the raster's header.
    """

    effort: float
    raster: np.ndarray
    frame: str


class PolicyProtocol:
    """
    Which network answers; nothing else is remembered between observations.

    :param task: the task that networks must fit.
    :param backend: where the network runs; holds the initial network.
    :param require_weights: answer nothing before the first :meth:`weights`.
    :ivar name: this process's name, under which adaptation lists it as heard.
    :ivar heard: whether adaptation hears it, according to the latest weights.
    """

    def __init__(self, task: Task, backend: Backend, require_weights: bool = False) -> None:
        task.check_network(backend.network)
        task.load()
        self.task, self.backend = task, backend
        self.name, self.heard = new_boot_id(), True
        self.ready = not require_weights
        self.episode_id = self._episode_before = ''
        self.counters: Counter[str] = Counter()
        self._pending: SpikingQNetwork | None = None

    @property
    def digest(self) -> str:
        """The digest of the network that plays the next episode."""
        return (self._pending or self.backend.network).digest

    def weights(self, network: SpikingQNetwork, policies: Collection[str] | None = None) -> bool:
        """
        Accept a new network, to be used when the episode id changes.

        It is never used earlier, whatever its metadata say: anybody may have sent it.

        :param policies: names of the policies that its sender hears; None if it does not say.
        :return: whether the next episode may begin: the learner is known to hear this policy.
        :raises RstdpError: it is not for this task, or of another shape than the running one.
        """
        self.task.check_network(network)
        ours, theirs = self.backend.network, network
        if (ours.sizes, ours.neuron.ticks) != (theirs.sizes, theirs.neuron.ticks):
            raise RstdpError(f'weights of a network {list(theirs.sizes)} with '
                             f'{theirs.neuron.ticks} ticks; this policy runs {list(ours.sizes)} '
                             f'with {ours.neuron.ticks}')
        self._pending = network
        self.heard = policies is None or self.name in policies
        self.ready = self.ready or self.heard
        if not self.episode_id:
            self._activate()
        return self.heard

    def announcement(self) -> Answer:
        """Return a raster without spikes; weights that name this policy show that it arrived."""
        return Answer(0.0, np.zeros(self.backend.network.raster_shape, np.uint8),
                      raster_frame(announcement_id(self.name), self.digest))

    def observation(self, episode_id: str, values: np.ndarray) -> Answer | None:
        """
        Answer an observation; the same one always gets the same answer.

        :param values: (n,) float32.
        :return: None while the first weights are awaited.
        :raises RstdpError: values that are not finite.
        """
        if not all(map(math.isfinite, values.tolist())):
            raise RstdpError(f'an observation that is not finite: {values.tolist()}')
        if not self.ready:
            self.counters['observations before weights'] += 1
            return None
        if episode_id != self.episode_id:
            self._change_episode(episode_id)
        inference = self.backend.infer(values)
        return Answer(self.task.robot.effort(inference.q_values), inference.raster,
                      raster_frame(episode_id, self.backend.network.digest))

    def _change_episode(self, episode_id: str) -> None:
        if episode_id == self._episode_before:  # it comes back: two environments alternate
            self.counters['observations of two environments'] += 1
        self._episode_before, self.episode_id = self.episode_id, episode_id
        self._activate()

    def _activate(self) -> None:
        if self._pending is not None:
            self.backend.load(self._pending)
            self._pending = None
