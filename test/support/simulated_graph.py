"""
The three protocols wired together in virtual time, with losses, delays, duplicates and crashes.

No ROS, no clock, no thread: a queue of messages and a seeded random number generator.
"""

import heapq
import itertools

from rstdp_ros.backends.cpu import CpuBackend
from rstdp_ros.plasticity import AdaptationRun
from rstdp_ros.protocol.episode import EpisodeEnd, Observation, split_raster_frame
from rstdp_ros.protocol.lockstep import Lockstep
from rstdp_ros.protocol.loop import AdaptationLoop
from rstdp_ros.protocol.outputs import (
    Accepted,
    Discarded,
    Learn,
    Learned,
    PublishWeights,
    Reset,
    RollBack,
    SetSeed,
)
from rstdp_ros.protocol.policy import PolicyProtocol

POLL = 0.05
RESTART = 1.0
NODES = ('environment', 'policy', 'adaptation')
# The hearers of each message; a node hears nothing before the two have found each other.
HEARERS = {
    '_on_observation': ('environment', 'policy'), '_on_seen': ('environment', 'adaptation'),
    '_on_end': ('environment', 'adaptation'),
    '_on_action': ('policy', 'environment'), '_on_raster': ('policy', 'adaptation'),
    '_on_weights': ('adaptation', 'policy'), '_on_told': ('adaptation', 'environment'),
    '_on_active': ('policy', 'adaptation'), '_on_activated': ('policy', 'environment')}


class SimulatedGraph:
    """
    Environment, policy and adaptation.

    :param make_learner: makes the learner, at the start and after a crash.
    :param folder: folder of the adaptation's checkpoints.
    :param generator: decides the fate of each message.
    :param loss: probability that a message vanishes; ``duplicate``: that it arrives twice.
    :param delay: longest delay of a message, s; messages overtake each other.
    :param crash: probability per poll that a node dies.
    :param late: longest time until two starting nodes find each other, topic by topic, s.
    :param starts: start times of nodes by name, s; others start at once.
    :cvar thinking: longest duration of learning, s; 0: immediate.
    :cvar paced: whether adaptation requests episodes.
    :cvar mortal: which nodes crash.
    :cvar episodes: number of episodes to learn from; ``plasticity``: whether learning is not
        paused.
    :cvar ordered: whether latched messages of one topic keep their order.
    """

    paced, mortal, ordered, thinking = True, NODES, False, 0.0
    episodes, plasticity = 1_000_000, True

    def __init__(self, task, physics, network, make_learner, folder, generator, loss=0.0,
                 duplicate=0.0, delay=0.0, crash=0.0, late=0.0, starts=None):
        self.task, self.physics, self.network = task, physics, network
        self.make_learner, self.folder, self.generator = make_learner, folder, generator
        self.loss, self.duplicate, self.delay, self.crash = loss, duplicate, delay, crash
        self.now, self.digests, self.crashes = 0.0, {}, 0
        self._queue, self._order, self._boots = [], itertools.count(), itertools.count()
        self._latched, self._arrived, self.late = {}, {}, late
        self._found = dict.fromkeys(HEARERS, 0.0)
        self.discarded = []
        self.environment = self.policy = self.adaptation = self.run_object = None
        for node in NODES:
            begin = (starts or {}).get(node, 0.0)
            self._at(begin, self._start, node)
            self._at(begin + POLL, self._poll, node)

    def run(self, episodes, limit=10_000.0):
        """Run until a number of episodes is learned; return the digests in order."""
        self.run_until(lambda: self.run_object and self.run_object.learner.episode >= episodes,
                       limit)
        return [self.digests[i] for i in range(episodes)]

    def run_until(self, reached, limit=10_000.0):
        """Run until a condition holds."""
        while not reached():
            self.now, _, call, arguments = heapq.heappop(self._queue)
            assert self.now < limit, f'stuck after {len(self.digests)} episodes'
            call(*arguments)

    def _at(self, time, call, *arguments):
        heapq.heappush(self._queue, (time, next(self._order), call, arguments))

    def _start(self, node):
        """Start a node, which finds its partners a while later."""
        for call, pair in HEARERS.items():
            if node in pair:
                self._found[call] = self.now + self.generator.random() * self.late
                self._at(self._found[call], self._match, call)
        getattr(self, f'_start_{node}')()

    def _match(self, call):
        """Give a reader its writer's latched message, if the writer is alive."""
        writer, _ = HEARERS[call]
        if call in self._latched and getattr(self, writer) and self.now >= self._found[call]:
            self._at(self.now, getattr(self, call), *self._latched[call])

    def _send(self, call, *arguments):
        """Deliver to a method of the process running then: never, once or twice."""
        if self.now < self._found.get(call.__name__, 0.0) or self.generator.random() < self.loss:
            return
        copies = 2 if self.generator.random() < self.duplicate else 1
        for _ in range(copies):
            self._at(self._arrival(call.__name__), call, *arguments)

    def _arrival(self, call):
        """Draw when a message arrives."""
        arrival = self.now + self.generator.random() * self.delay
        if self.ordered and call in self._latched:
            arrival = self._arrived[call] = max(arrival, self._arrived.get(call, 0.0))
        return arrival

    def _latch(self, call, *arguments):
        self._latched[call.__name__] = arguments
        self._send(call, *arguments)

    def _poll(self, node):
        alive = getattr(self, node) is not None
        if alive and node in self.mortal and self.generator.random() < self.crash:
            self._die(node)
        elif alive and node == 'environment':
            self._from_environment(self.environment.poll(self.now))
        elif alive and node == 'adaptation':
            self._from_adaptation(self.adaptation.poll(self.now))
        elif alive and not self.policy.heard:
            self._send_raster(self.policy.announcement(), 0)
        self._at(self.now + POLL, self._poll, node)

    def _die(self, node):
        setattr(self, node, None)
        self.crashes += 1
        for call, (writer, _) in HEARERS.items():
            if writer == node:
                self._latched.pop(call, None)
        self._at(self.now + RESTART, self._start, node)

    # Environment

    def _start_environment(self):
        plant = self.task.make_plant()
        plant.set_physics(self.physics)
        self.environment = Lockstep(plant, f'boot{next(self._boots)}',
                                    lambda: int(self.now * 1e9))

    def _on_seed(self, seed, token):
        if self.environment:
            self.environment.seed = seed
            self._send(self._on_seed_reply, token)

    def _on_reset(self, token):
        if self.environment:
            outputs = self.environment.reset(self.now)
            self._send(self._on_reset_reply, token, self.environment.episode_id)
            self._from_environment(outputs)

    def _on_action(self, episode_id, stamp, effort):
        if self.environment:
            self._from_environment(self.environment.action(episode_id, stamp, effort, self.now))

    def _from_environment(self, outputs):
        for output in outputs:
            if isinstance(output, Observation):
                self._send(self._on_observation, output)
                if self.run_object and self.run_object.learner.needs_trajectory:
                    self._send(self._on_seen, output)
            elif isinstance(output, EpisodeEnd):
                self._send(self._on_end, output)

    # Policy

    def _start_policy(self):
        self.policy = PolicyProtocol(self.task, CpuBackend(self.network), require_weights=True)

    def _on_observation(self, observation):
        if self.policy is None:
            return
        answer = self.policy.observation(observation.episode_id,
                                         self.task.robot.observation(*observation.joints))
        if answer:
            self._send_raster(answer, observation.stamp)
            self._send(self._on_action, observation.episode_id, observation.stamp, answer.effort)

    def _send_raster(self, answer, stamp):
        self._send(self._on_raster, *split_raster_frame(answer.frame), stamp, answer.raster)

    def _on_weights(self, network, envelope):
        if self.policy and self.policy.weights(network, envelope.policies):
            self._latch(self._on_active, self.policy.digest)
            self._latch(self._on_activated, self.policy.digest)

    # Adaptation

    def _start_adaptation(self):
        self.run_object = self._make_run()
        self.run_object.resume(lambda reason: None)
        self.adaptation = AdaptationLoop(self.run_object, self.task, self.episodes,
                                         self.plasticity, self.paced, refresh=self._refresh)
        self._from_adaptation(self.adaptation.begin(self.now))

    def _make_run(self):
        return AdaptationRun(self.make_learner(), self.folder)

    def _refresh(self):
        """Apply changes made while an episode ran."""
        self.adaptation.plasticity = self.plasticity

    def _on_told(self, network, envelope):
        """Hear weights in the environment, which uses them only if it paces itself."""

    def _on_activated(self, digest):
        """Hear in the environment which weights the policy uses, as for :meth:`_on_told`."""

    def _on_active(self, digest):
        self._tell('weights_active', digest)

    def _on_seed_reply(self, token):
        self._tell('seed_set', token, '')

    def _on_reset_reply(self, token, episode_id):
        self._tell('reset_done', token, episode_id, '')

    def _on_raster(self, episode_id, digest, stamp, raster):
        self._tell('raster', episode_id, stamp, digest, raster)

    def _on_seen(self, observation):
        self._tell('observation', *observation)

    def _on_end(self, end):
        self._tell('end', end)

    def _tell(self, method, *arguments):
        """Let the protocol hear something, if a process runs it."""
        if self.adaptation:
            self._from_adaptation(getattr(self.adaptation.protocol, method)(*arguments, self.now))

    def _from_adaptation(self, outputs):
        for output in outputs:
            if isinstance(output, PublishWeights):
                said = self.adaptation.network, self.adaptation.protocol.envelope()
                self._latch(self._on_weights, *said)
                self._latch(self._on_told, *said)
            elif isinstance(output, SetSeed):
                self._send(self._on_seed, output.seed, output.token)
            elif isinstance(output, Reset):
                self._send(self._on_reset, output.token)
            elif isinstance(output, Accepted):
                self._from_adaptation(self.adaptation.accepted(output, self.now))
            elif isinstance(output, Learn):
                self._learn(output)
            elif isinstance(output, RollBack):
                self._from_adaptation(self.adaptation.roll_back(self.now))
            elif isinstance(output, Discarded):
                self.discarded.append(output.reason)
            elif isinstance(output, Learned):
                self._note(output.record)

    def _learn(self, lesson):
        """Do the work a while later; not for a process that has died."""
        seconds = self.generator.random() * self.thinking
        if seconds:
            self._at(self.now + seconds, self._on_learned, self.adaptation, lesson)
        else:
            self._on_learned(self.adaptation, lesson)

    def _on_learned(self, loop, lesson):
        if loop is self.adaptation:
            self._from_adaptation(loop.learned(lesson, lesson.propose, self.now))

    def _note(self, record):
        known = self.digests.setdefault(record.episode, record.digest)
        assert known == record.digest, 'an episode that was run again came out otherwise'
