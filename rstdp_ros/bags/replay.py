"""Replay: the run's learner, fed from the bag, must make the same weights."""

from __future__ import annotations

from collections import deque, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rstdp_ros.bags.events import Event, Pose, Publication, Raster
from rstdp_ros.bags.follower import Follower
from rstdp_ros.plasticity import EpisodeRecord, STRATEGIES
from rstdp_ros.protocol.collecting import Collected
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.task import Episode, trajectory_of

# Topics may overtake each other, but by no more than this.
EPISODES_REMEMBERED = 16
PUBLICATIONS_AHEAD = 4


class Step(NamedTuple):
    """
    An episode that the run learned from.

    :param record: the replayed record; None if it could not be replayed.
    :param digest: digest of the run's running network afterwards.
    :param reason: why it could not be replayed, or ''.
    :param network: the network that replay continues with; the recorded one if replay deviated
        from it.
    :param changed: the network with changed parameters; None without changes.
    """

    episode: int
    seed: int
    episode_return: float
    episode_id: str
    digest: str
    record: EpisodeRecord | None
    reason: str
    network: SpikingQNetwork | None
    changed: SpikingQNetwork | None

    @property
    def equal(self) -> bool:
        """Whether replay made the recorded weights, bit for bit."""
        return self.record is not None and self.record.digest == self.digest


class Replay:
    """
    Follows a run through its publications; each says what was learned since the last.

    :param initial: the run's first network, if the bag lacks it.
    :param changes: name and value of parameters that differ in a second learner.
    :ivar initial: the same, once it is known.
    :ivar notes: what could not be done as requested, a sentence each.
    """

    def __init__(self, initial: SpikingQNetwork | None = None,
                 changes: Mapping[str, Any] | None = None) -> None:
        self.notes: list[str] = []
        self.initial = initial
        self.replayed = Follower({})
        self.changed = Follower(changes) if changes else None
        self._networks = {initial.digest: initial} if initial else {}
        self._given = initial
        self._heard: OrderedDict[str, Collected] = OrderedDict()
        self._ahead: deque[Publication] = deque()
        self._latest_id = ''

    @property
    def _followers(self) -> list[Follower]:
        return [self.replayed, *([self.changed] if self.changed else [])]

    def steps(self, events: Iterable[Event]) -> Iterator[Step]:
        """
        Yield one episode after the other.

        :raises RstdpError: the run's first network is neither in the bag nor given.
        """
        for event in events:
            if isinstance(event, Publication):
                self._ahead.append(event)
            else:
                self._collect(event)
            while self._ahead and (self._complete(self._ahead[0])
                                   or len(self._ahead) > PUBLICATIONS_AHEAD):
                yield from self._followed(self._ahead.popleft())
        for publication in self._ahead:
            yield from self._followed(publication)

    def _followed(self, publication: Publication) -> list[Step]:
        with refusing(f'weights after {publication.learned} episodes'):
            return list(self._follow(publication))

    def _collect(self, event: Raster | Pose) -> None:
        while len(self._heard) >= EPISODES_REMEMBERED and event.episode_id not in self._heard:
            self._heard.popitem(last=False)
        heard = self._heard.setdefault(event.episode_id, Collected())
        # A repeated observation is answered again, with the same spikes.
        if isinstance(event, Raster):
            heard.rasters[event.stamp] = event.spikes
        else:
            heard.joints[event.stamp] = event.joints

    def _complete(self, publication: Publication) -> bool:
        """Whether all messages that led to it are here: some may come after it."""
        return (not publication.learned or publication.episode_id == self._latest_id
                or len(self._shown(publication).stamps()) >= publication.observations)

    def _shown(self, publication: Publication) -> Collected:
        """Return the strategy's view of the episode, as far as it is here."""
        heard = self._heard.get(publication.episode_id, Collected())
        heard.joints_wanted = STRATEGIES[publication.recipe.strategy].needs_trajectory
        return heard

    def _follow(self, publication: Publication) -> Iterator[Step]:
        """Follow the run up to this publication."""
        if not publication.learned:
            self._networks[publication.network.digest] = publication.network
            self._each(Follower.forget)  # it was restarted
            return
        if not self.replayed.begun and not self._begin(publication):
            return
        if publication.learned < self.replayed.episode and not self._go_back(publication):
            return
        if publication.learned == self.replayed.episode + 1:
            yield self._learn(publication)
        elif publication.learned > self.replayed.episode:
            self.notes.append(f'episodes {self.replayed.episode} to {publication.learned - 1} are '
                              'not in the bag')
            self._join(publication)
        self._each(lambda follower: follower.roll_back(publication.rollbacks))
        if self.replayed.begun and self.replayed.running.digest != publication.running:
            self._join(publication)
        self._latest_id = publication.episode_id

    def _each(self, action: Any) -> None:
        for follower in self._followers:
            action(follower)

    def _begin(self, publication: Publication) -> bool:
        """Make the learners; return whether they are at the run's state one episode before."""
        initial = self._networks.get(publication.initial)
        if initial is None:
            given = f' (--initial is {short(self._given.digest)})' if self._given else ''
            raise RstdpError(f'the run began with network {short(publication.initial)}, which is '
                             f'not in the bag; name its file by --initial{given}')
        self.initial = initial
        self._each(lambda follower: follower.begin(initial, publication.recipe))
        if publication.learned == 1 and self._seen_from_the_start:
            return True
        self.notes.append(f'the recording began after {publication.learned} episodes; what the '
                          'guard decides is taken from it')
        self._join(publication)
        return False

    @property
    def _seen_from_the_start(self) -> bool:
        return any(network is not self._given for network in self._networks.values())

    def _join(self, publication: Publication) -> None:
        """Continue from the recorded network; if it is missing, replay restarts later."""
        if publication.network.digest == publication.running:
            self._each(lambda follower: follower.join(publication))
        else:
            self._each(Follower.forget)
        self._latest_id = publication.episode_id

    def _go_back(self, publication: Publication) -> bool:
        """Follow an adaptation node that was restarted from an older checkpoint."""
        went = [follower.go_back(publication.learned) for follower in self._followers]
        if all(went):
            return True
        self.notes.append(f'the run went back from {self.replayed.episode} to '
                          f'{publication.learned} episodes')
        self._join(publication)
        return False

    def _learn(self, publication: Publication) -> Step:
        episode = self.replayed.episode
        heard = self._shown(publication)
        self._heard.pop(publication.episode_id, None)
        reason = self._objection(publication, heard)
        record = None
        if not reason:
            shown = _episode(heard, self.replayed.running, publication)
            record = self.replayed.learn(shown, publication)
            if self.changed:
                self.changed.learn(shown, publication)
        step = Step(episode, publication.seed, publication.episode_return,
                    publication.episode_id, publication.running, record, reason,
                    *(one.running if one else None for one in (self.replayed, self.changed)))
        if step.equal:
            return step
        self._join(publication)
        return step._replace(network=self.replayed.running)

    def _objection(self, publication: Publication, heard: Collected) -> str:
        """Say why an episode cannot be replayed; '' if it can."""
        have = len(heard.stamps())
        what = 'spike rasters with their joints' if heard.joints_wanted else 'spike rasters'
        if have < publication.observations:
            return (f'{publication.observations - have} of {publication.observations} {what} '
                    'are not in the bag')
        if have > publication.observations:
            return (f'adaptation used {publication.observations} of {have} {what}, nobody knows '
                    'which')
        task = get_task(publication.network.task)
        return (task.objection_to(publication.episode_return)
                or self.replayed.objection(publication))


def _episode(heard: Collected, network: SpikingQNetwork, publication: Publication) -> Episode:
    """Return an episode as adaptation saw it."""
    rasters, trajectory = heard.ordered_rasters(), None
    if heard.joints_wanted:
        efforts = get_task(network.task).efforts(network, rasters)
        trajectory = trajectory_of(heard.ordered_joints(), efforts, publication.end)
    return Episode(rasters, publication.episode_return, trajectory)
