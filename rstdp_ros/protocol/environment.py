"""The environment's side: one episode at a time, with any clock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
import math

from rstdp_ros.protocol.episode import efforts_digest, EpisodeEnd, Messages, Observation
from rstdp_ros.protocol.limits import Limits
from rstdp_ros.support.endings import ABORTED
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.plant import Plant

RESET, DISABLED = 'reset', 'disabled'
ON_DEMAND = (RESET, DISABLED)
TWO_POLICIES = 'two policies answer differently: more than one publishes on action'


class EnvironmentProtocol(ABC):
    """
    Episodes, their ids, stamps and returns; a subclass decides when to observe.

    :param plant: what is controlled.
    :param boot: drawn at every process start, so that ids never repeat.
    :param stamp: the node's clock, ns.
    :param step_period: seconds of steady time per step.
    :param limits: limits on commands and joints.
    :ivar latching: whether a fault disables the environment until a person enables it again.
    """

    def __init__(self, plant: Plant, boot: str, stamp: Callable[[], int],
                 step_period: float = 0.0, limits: Limits | None = None) -> None:
        self.plant, self.boot, self.step_period = plant, boot, step_period
        self.limits = limits or Limits()
        self.seed = 0
        self.enabled, self.latching, self.fault = True, False, ''
        self.episode_id = ''
        self.counters: Counter[str] = Counter()
        self._stamp = stamp
        self._episodes = 0
        self._last_stamp = 0
        self._effort = self._exerted = 0.0
        self._observation: Observation | None = None
        # The effort applied at each stamp of the episode: a second policy would differ.
        self._answers: dict[int, float] = {}

    @property
    def running(self) -> bool:
        """Whether an episode is going on."""
        return self._observation is not None

    def reset(self, now: float) -> Messages:
        """
        Begin an episode from ``seed``, aborting a running one; ``episode_id`` is its id.

        :param now: steady time, s.
        :raises RstdpError: disabled, limits that the plant cannot keep, or a plant that is not
            ready; no episode runs then.
        """
        if not self.enabled:
            since = f' ({self.fault})' if self.fault else ''
            raise RstdpError(f'the environment is disabled{since}; call ~/enable first')
        self.limits.check(self.plant.efforts)
        ends = self.abort(RESET)
        joints = self.plant.reset(self.seed)
        self._episodes += 1
        self.episode_id = f'{self.boot}-{self._episodes}'
        self._episode_seed, self._steps, self._return = self.seed, 0, 0.0
        self._effort = self._exerted = 0.0
        self._answers.clear()
        self._observe(joints)
        return [*ends, *self._begin(now)]

    def abort(self, why: str) -> list[EpisodeEnd]:
        """Abort the running episode, if any; it teaches nothing."""
        if not self.running:
            return []
        self.counters['episodes aborted'] += 1
        if self.latching and why not in ON_DEMAND:
            self.enabled, self.fault = False, why
        return [self._end(f'{ABORTED}: {why}')]

    def halt(self, why: str) -> list[EpisodeEnd]:
        """Disable until a person enables again: the fault affects the next episode too."""
        ends = self.abort(why)
        self.plant.stop()
        self.enabled, self.fault = False, why
        return ends

    def set_enabled(self, enabled: bool) -> list[EpisodeEnd]:
        """Switch motion on or off; off aborts the running episode."""
        self.enabled, self.fault = enabled, ''
        if enabled:
            return []
        # An earlier commander may have left the plant in motion.
        self.plant.stop()
        return self.abort(DISABLED)

    @abstractmethod
    def action(self, episode_id: str, stamp: int, effort: float, now: float) -> Messages:
        """
        Receive the answer to an observation.

        An answer that matches no open observation, or is repeated, is ignored and counted: after a
        re-send a second answer is not a fault.

        :raises RstdpError: an effort that cannot be applied; it changed nothing.
        """

    @abstractmethod
    def poll(self, now: float) -> Messages:
        """Advance to the current time."""

    @abstractmethod
    def _begin(self, now: float) -> Messages:
        """Start the clock of a new episode."""

    def _check_effort(self, effort: float) -> None:
        if not math.isfinite(effort):
            raise RstdpError(f'an effort of {effort} was refused')

    def _not_open(self, counter: str, episode_id: str, stamp: int,
                  effort: float) -> list[EpisodeEnd]:
        """
        Handle an answer to no open observation: a copy, a late one, or another policy's.

        A policy always answers the same observation alike. If two answer, it is unknown whose
        spikes led to the applied effort, so the episode teaches nothing.
        """
        self.counters[counter] += 1
        contradicts = (episode_id == self.episode_id and math.isfinite(effort)
                       and self._answers.get(stamp, effort) != effort)
        return self.abort(TWO_POLICIES) if contradicts else []

    def _limited(self, wanted: float) -> float:
        """Return the effort allowed after the last step's and after the one in force."""
        return self.limits.effort(self.limits.effort(wanted, self._effort), self._exerted)

    def _step(self, effort: float) -> list[EpisodeEnd]:
        """Advance the plant by one step under a limited effort; return the end, if any."""
        effort = self._limited(effort)
        joints, reward, end = self.plant.step(effort)
        self._effort = self._exerted = effort
        self._return += reward
        if end and self.plant.unproven:
            self.counters['episodes aborted'] += 1
            return [self._end(f'{ABORTED}: {self.plant.unproven}')]
        if end:
            return [self._end(end)]
        excess = self.limits.excess(joints)
        if excess:
            return self.abort(excess)
        self._observe(joints)
        return []

    def _observe(self, joints: Joints) -> None:
        """Open an observation; stamps, which pair it with its action, increase strictly."""
        self._last_stamp = max(self._stamp(), self._last_stamp + 1)
        self._observation = Observation(self.episode_id, self._last_stamp, joints)
        self._steps += 1

    def _end(self, message: str) -> EpisodeEnd:
        self._observation = None
        self.plant.stop()
        # In real time an effort may stay in force for a step or more without an answer.
        answered = len(self._answers) == self._steps
        return EpisodeEnd(self.episode_id, message, self._episode_seed, self._steps, self._return,
                          efforts_digest(self._answers.values()) if answered else '')
