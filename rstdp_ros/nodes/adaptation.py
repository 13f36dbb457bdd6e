"""The adaptation node: r-STDP between episodes, from spikes and returns alone."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
import json
from pathlib import Path
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64, String, UInt8MultiArray
from std_srvs.srv import Trigger

from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.background import in_background
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.learning_report import LearningReport
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.recording import RecorderWait
from rstdp_ros.nodes.tables import AdaptationParameters, REALTIME_COVERAGE
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.plasticity import AdaptationRun, Learner, Recipe
from rstdp_ros.plasticity.run import find_strategy
from rstdp_ros.protocol.episode import LOCKSTEP, REALTIME
from rstdp_ros.protocol.loop import AdaptationLoop
from rstdp_ros.protocol.outputs import (
    Accepted,
    Discarded,
    Finished,
    Learn,
    Learned,
    NotLearned,
    Output,
    PublishWeights,
    Reset,
    RollBack,
    SetSeed,
    Unwritten,
    Waiting,
    Written,
)
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameter_files import read_changes
from rstdp_ros.support.resources import model_path
from rstdp_ros.support.untrusted import refusing
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.interface import Joints

POLL_PERIOD = 0.1
# Number of our own messages that may still be on their way back to us.
SENT_REMEMBERED = 4
OTHERS = ('somebody else publishes on {}: another adaptation in this namespace? Neither can learn '
          'then; stop one, or launch it with a namespace:= or ROS_DOMAIN_ID of its own')
# The environment's parameter that keeps cores from being busy for nothing.
LEISURELY = 'leisurely'
# File in the run's folder: parameters that were set live and saved.
PARAMETERS = 'parameters.json'
COVERAGE = {LOCKSTEP: 1.0, REALTIME: REALTIME_COVERAGE}


class AdaptationNode(Node):
    """Runs the protocol, hands accepted episodes to the learner and publishes its weights."""

    def __init__(self) -> None:
        super().__init__('adaptation')
        self.table = NodeParameters(self)
        self.parameters = parameters = self.table.declare(AdaptationParameters())
        task = get_task(parameters.task)
        folder = Path(parameters.run_dir) if parameters.run_dir else None
        recipe = Recipe.of(parameters.task, parameters.seed,
                           find_strategy(parameters.strategy, folder), parameters.guard,
                           parameters.preset)
        recipe = recipe.with_tables(*map(self.table.declare, recipe.tables))
        network = SpikingQNetwork.load(model_path(parameters.model or f'{parameters.task}_0'))
        task.check_network(network)
        # Compiled now, so that the first episode need not wait for it.
        task.efforts(network, np.zeros((1, *network.raster_shape), np.uint8))
        self.health = Health(self)
        self.run = AdaptationRun(Learner(network, recipe), folder, parameters.keep_checkpoints)
        self._sent: deque[array[int]] = deque(maxlen=SENT_REMEMBERED)
        self._report = LearningReport(self.health, self.get_logger(), self.run)
        self._resume()
        parameters = self.parameters  # as saved, if they were
        self.loop = AdaptationLoop(
            self.run, task, parameters.episodes, parameters.plasticity,
            parameters.paced_by == 'adaptation', parameters.reward_source == 'topic',
            COVERAGE[parameters.clock], self._refresh)
        self._doers = self._make_doers()
        self._create_interfaces(task.max_episode_steps)
        self._watch()
        self._start_timer = steady_timer(
            self, POLL_PERIOD if parameters.wait_for_recorder else 0.0, self._start)

    @property
    def learner(self) -> Learner:
        """What learns."""
        return self.run.learner

    def _resume(self) -> None:
        """Continue where an earlier process stopped."""
        if self.run.resume(self._on_bad_checkpoint):
            self.health.event('resumed', f'resumed after {self.learner.episode} episodes')
        saved = self.run.folder / PARAMETERS if self.run.folder else None
        if saved and saved.exists():
            try:
                changes = read_changes(saved)
                with refusing(saved):
                    names = self.table.restore(changes)
            except RstdpError as error:
                self.health.fault('saved parameters not used', error)
                return
            for word, which in (('in force', names),
                                ('not in force, as this start says otherwise,',
                                 changes.keys() - set(names))):
                if which:
                    self.health.event('parameters restored', f'{word} as saved: '
                                      f'{", ".join(sorted(which))}')
            self._retune()

    def _on_bad_checkpoint(self, reason: str) -> None:
        self.health.counters['checkpoints not used'] += 1
        self.get_logger().warning(reason)

    def _create_interfaces(self, max_steps: int) -> None:
        topics, episode = Topics(self, self.health), qos.per_episode(max_steps)
        self._weights = topics.publisher(
            UInt8MultiArray, 'weights',
            qos.RECORDED_WEIGHTS if self.parameters.wait_for_recorder else qos.LATCHED)
        # Weights of another adaptation: ours come back too, and are recognised by their bytes.
        topics.subscription(UInt8MultiArray, 'weights', self._on_weights, qos.LATCHED)
        self._recorder = RecorderWait(self, self.health, self.parameters.wait_for_recorder,
                                      (self._weights,))
        topics.subscription(Image, 'spikes', self._on_spikes, episode)
        topics.subscription(DiagnosticStatus, 'episode_end', self._on_end, episode)
        if self.learner.needs_trajectory:
            topics.subscription(JointState, 'observation', self._on_observation, episode)
        topics.subscription(Float64, 'episode_reward', self._on_reward, qos.EVENT)
        topics.subscription(String, 'weights_active', self._on_active, qos.LATCHED)
        self._seed_client: Any = self.create_client(SetParameters, 'environment/set_parameters')
        self._reset_client: Any = self.create_client(Trigger, 'environment/reset')
        for name in ('save', 'rollback', 'restart'):
            self.create_service(Trigger, f'~/{name}', partial(self._serve, getattr(self, name)))
        self._poll_timer = steady_timer(self, POLL_PERIOD, self._on_poll)

    def _watch(self) -> None:
        """Show on /diagnostics where the run stands."""
        loop = self.loop
        self.health.include(loop.protocol.counters)
        self.health.stopped = lambda: loop.disk.reason
        self.health.doubts = lambda: self._report.silence
        for name, measure in (('episodes learned', lambda: self.learner.episode),
                              ('learning', lambda: not loop.frozen),
                              ('waits for', lambda: loop.protocol.phase.value),
                              ('learning for (s)', self._learning_for),
                              ('best mean', lambda: self.learner.guard.best_mean),
                              ('running weights', lambda: loop.network.digest),
                              ('deployed weights', lambda: self.learner.deployed.digest)):
            self.health.watch(name, measure)

    def _learning_for(self) -> str:
        lesson = self.loop.lesson
        return f'{time.monotonic() - lesson.since:.1f}' if lesson else '0'

    def _start(self) -> None:
        if not self._recorder.over:
            return
        self._start_timer.cancel()
        self._do(self.loop.begin(time.monotonic()))

    def _on_poll(self) -> None:
        self._do(self.loop.poll(time.monotonic()))

    def _refresh(self) -> None:
        """Apply parameters that were changed meanwhile."""
        if not self.table.changed:
            return
        before = self.parameters
        self._retune()
        now = self.parameters
        self.loop.episodes, self.loop.plasticity = now.episodes, now.plasticity
        if now.plasticity != before.plasticity:
            state = 'goes on' if now.plasticity else 'pauses'
            self.health.event('plasticity switched', f'learning {state} with '
                              f'{short(self.loop.next_network.digest)}')

    def _retune(self) -> None:
        self.table.changed = False
        self.parameters = self.table.read(AdaptationParameters)
        recipe = self.learner.recipe
        self.learner.retune(recipe.with_tables(*(
            self.table.read(type(values)) for values in recipe.tables)))

    def _do(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            self._doers[type(output)](output)

    def _make_doers(self) -> dict[type[Output], Callable[[Any], None]]:
        """Return what handles each kind of output."""
        return {
            PublishWeights: self._publish_weights, SetSeed: self._set_seed, Reset: self._reset,
            Accepted: self._accept, Learn: self._learn, RollBack: self._roll_back,
            Discarded: self._report.discarded, Waiting: self._report.waiting,
            Learned: self._report.learned, NotLearned: self._report.not_learned,
            Finished: self._report.finished, Unwritten: self._report.unwritten,
            Written: self._report.written}

    def _publish_weights(self, _: PublishWeights) -> None:
        message = messages.weights_message(self.loop.published, self.loop.protocol.envelope())
        self._sent.append(message.data)
        self._weights.publish(message)

    def _set_seed(self, wanted: SetSeed) -> None:
        values = {'seed': wanted.seed, LEISURELY: self.loop.frozen}
        self._call(self._seed_client, SetParameters.Request(parameters=[
            RosParameter(name, value=value).to_parameter_msg()
            for name, value in values.items()]), partial(self._on_seed, wanted.token))

    def _reset(self, wanted: Reset) -> None:
        self._call(self._reset_client, Trigger.Request(), partial(self._on_reset, wanted.token))

    def _call(self, client: Any, request: Any, done: Callable[[Any], None]) -> None:
        """Call a service; a reply that never comes is the protocol's business."""
        def reply(future: Any) -> None:
            if future.result() is not None:
                done(future.result())
        self.ask(client, request, reply)

    def _on_seed(self, token: int, response: SetParameters.Response) -> None:
        # A foreign environment need not have the second parameter.
        refusals = [seed.reason for seed in response.results[:1] if not seed.successful]
        self._do(self.loop.protocol.seed_set(token, '; '.join(refusals), time.monotonic()))

    def _on_reset(self, token: int, response: Trigger.Response) -> None:
        if response.success:
            self._report.begun()
        refusal = '' if response.success else response.message or 'no reason given'
        episode_id = response.message if response.success else ''
        self._do(self.loop.protocol.reset_done(token, episode_id, refusal, time.monotonic()))

    def _on_active(self, message: String) -> None:
        self._do(self.loop.protocol.weights_active(message.data, time.monotonic()))

    def _on_weights(self, message: UInt8MultiArray) -> None:
        if message.data not in self._sent:
            self.health.fault('weights of others', OTHERS.format(self._weights.topic_name))

    def _on_spikes(self, message: Image) -> None:
        try:
            episode_id, digest, raster = messages.read_raster(
                message, *self.learner.running.raster_shape)
        except RstdpError as error:
            self.health.fault('spikes refused', error)
            return
        stamp = messages.to_nanoseconds(message.header.stamp)
        self._do(self.loop.protocol.raster(episode_id, stamp, digest, raster, time.monotonic()))

    def _on_observation(self, message: JointState) -> None:
        try:
            joints = Joints(*messages.read_joints(message, self.loop.task.robot.joints))
        except RstdpError as error:
            self.health.fault('observations refused', error)
            return
        stamp = messages.to_nanoseconds(message.header.stamp)
        self._do(self.loop.protocol.observation(message.header.frame_id, stamp, joints,
                                                time.monotonic()))

    def _on_end(self, message: DiagnosticStatus) -> None:
        try:
            outputs = self.loop.protocol.end(messages.read_end(message), time.monotonic())
        except RstdpError as error:
            self.health.fault('episode ends refused', error)
            return
        self._do(outputs)

    def _on_reward(self, message: Float64) -> None:
        try:
            outputs = self.loop.protocol.reward(message.data, time.monotonic())
        except RstdpError as error:
            self.health.fault('episode rewards refused', error)
            return
        self._do(outputs)

    def _accept(self, episode: Accepted) -> None:
        self._do(self.loop.accepted(episode, time.monotonic()))

    def _learn(self, lesson: Learn) -> None:
        in_background(self, lesson.propose, lambda outcome: self._do(
            self.loop.learned(lesson, outcome, time.monotonic())))

    def _roll_back(self, _: RollBack) -> None:
        self._do(self.loop.roll_back(time.monotonic()))

    def _serve(self, action: Callable[[], str], request: Trigger.Request,
               response: Trigger.Response) -> Trigger.Response:
        try:
            response.success, response.message = True, action()
            self.health.event(f'{action.__name__} calls', response.message)
        except (RstdpError, OSError) as error:
            response.success, response.message = False, str(error)
        return response

    def save(self) -> str:
        """
        Write the deployed network, and the parameters that were set live.

        :raises RstdpError: there is no folder to write to.
        """
        path = self.run.save_deployed()
        if path is None:
            raise RstdpError('nothing is saved without the parameter run_dir')
        changes = self.table.live_changes()
        write_atomically(path.with_name(PARAMETERS), json.dumps(changes).encode())
        kept = f', with {", ".join(changes)} as set now' if changes else ''
        return f'deployed network {short(self.learner.deployed.digest)} saved to {path}{kept}'

    def rollback(self) -> str:
        """Abort the episode and continue from the deployed network."""
        self._do(self.loop.roll_back(time.monotonic()))
        if self.loop.lesson:
            return 'rolls back as soon as the strategy has learned from the last episode'
        return f'rolled back to {short(self.loop.next_network.digest)}{self._caution()}'

    def restart(self) -> str:
        """
        Abort the episode or the learning step, and start over from the first network.

        :raises OSError: the folder's files cannot be set aside.
        """
        self._do(self.loop.restart(time.monotonic()))
        self._report.forget()
        return f'restarted from {short(self.loop.next_network.digest)}{self._caution()}'

    def _caution(self) -> str:
        return f'; {self.loop.disk.reason}' if self.loop.disk.reason else ''


def main() -> None:
    """Run the node."""
    sys.exit(run_node(AdaptationNode))


if __name__ == '__main__':
    main()
