"""Graphs in virtual time whose environment paces itself: a driver, and a replayed bag."""

import json

from simulated_graph import SimulatedGraph

from rstdp_ros.bags.player import Cue, Player
from rstdp_ros.bags.reader import Message
from rstdp_ros.protocol.episode import EpisodeEnd, Observation
from rstdp_ros.protocol.gate import Gate
from rstdp_ros.tasks.gym import GymPlant
from rstdp_ros.tasks.rollout import roll_out

PERIOD = 20_000_000


class SelfPacedGraph(SimulatedGraph):
    """The driver of the documents: begins by itself and repeats its end until it is answered."""

    paced, seed, end = False, 0, None
    # DDS keeps the order of one writer's latched messages; a driver relies on it.
    ordered = True

    def _start_environment(self):
        super()._start_environment()
        self.gate = Gate()

    def _from_environment(self, outputs):
        ends = [output for output in outputs if isinstance(output, EpisodeEnd)]
        super()._from_environment(outputs)
        for self.end in ends:
            self.gate.ended(self.end.episode_id, self.now)
        if self.environment.running:
            return
        if self.gate.is_open(self.now):
            self.environment.seed, self.seed = self.first_seed + self.seed, self.seed + 1
            super()._from_environment(self.environment.reset(self.now))
        elif self.end and not ends:
            self._send(self._on_end, self.end)

    def _on_told(self, network, envelope):
        if self.environment:
            self.gate.weights(envelope, self.now)

    def _on_activated(self, digest):
        if self.environment:
            self.gate.weights_active(digest)


class PlayedGraph(SelfPacedGraph):
    """A bag instead of the environment; set ``cues`` before it runs."""

    mortal = ('policy', 'adaptation')

    def _start_environment(self):
        self.gate = Gate()
        self.environment = Player(iter(self.cues), 1000.0, self.gate)

    def _from_environment(self, messages):
        for message in messages:
            episode_id, said = message.data.decode().split('\0')
            if message.topic == 'observation':
                self._send(self._on_observation, Observation(episode_id, *json.loads(said)))
            else:
                self._send(self._on_end, EpisodeEnd(episode_id, *json.loads(said)))

    def _on_action(self, episode_id, stamp, effort):
        self.environment.answered((episode_id, stamp))
        self._from_environment(self.environment.poll(self.now))


def record(adaptation):
    """Return the cues of a bag of a run's episodes, and its digests."""
    plant, learner, stamp, cues = GymPlant(adaptation.task), adaptation.learner(), 0, []
    plant.set_physics(adaptation.physics)

    def say(topic, episode_id, said, **more):
        data = f'{episode_id}\0{json.dumps(said)}'.encode()
        cues.append(Cue(Message(topic, stamp, data), **{'key': None, **more}))

    digests = []
    for i in range(adaptation.episodes):
        episode_id, seed = f'boot-{i}', learner.next_seed
        episode = roll_out(adaptation.task, plant, learner.running, seed)
        for joints in episode.joints[:-1]:
            stamp += PERIOD
            say('observation', episode_id, (stamp, joints), key=(episode_id, stamp))
        say('episode_end', episode_id, (episode.end, seed, episode.steps, episode.returns[-1]),
            ended=episode_id, steps=episode.steps)
        digests.append(learner.learn(episode.rasters, episode.returns[-1],
                                     episode_id=episode_id).digest)
    return cues, digests
