"""The adaptation node: r-STDP between episodes, from spikes and returns alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import Image
from std_msgs.msg import Float64, String, UInt8MultiArray
from std_srvs.srv import Trigger

from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.parameters import NodeParameters, START
from rstdp_ros.parameters import parameter
from rstdp_ros.plasticity import (
    AdaptationRun,
    BoundsParameters,
    GuardParameters,
    Learner,
    preset,
    PRESETS,
    Recipe,
    RSTDPParameters,
)
from rstdp_ros.plasticity.learner import GUARDS, RULES
from rstdp_ros.protocol.adaptation import (
    Accepted,
    AdaptationProtocol,
    Discarded,
    DISCARDS_BEFORE_BACK_OFF,
    Output,
    PublishWeights,
    Reset,
    SetSeed,
    Waiting,
)
from rstdp_ros.protocol.episode import CLOCKS
from rstdp_ros.resources import model_path
from rstdp_ros.seeds import ADAPTATION, END
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import get_task, TASKS

POLL_PERIOD = 0.1
REALTIME_COVERAGE = 0.95
COVERAGE = {'lockstep': 1.0, 'realtime': REALTIME_COVERAGE}


@dataclass(frozen=True)
class AdaptationParameters:
    """Parameters of the adaptation node; those of rule and guard come in addition."""

    task: str = parameter('cartpole', 'The task.', choices=tuple(TASKS), effect=START)
    model: str = parameter('', "Network file to start from, or the name of a shipped one; '' for "
                           "the task's first.", effect=START)
    seed: int = parameter(ADAPTATION, 'Episode i starts from seed + i.', minimum=0, maximum=END,
                          effect=START)
    episodes: int = parameter(100, 'Learn from so many episodes; afterwards the deployed network '
                              'goes on unchanged.', minimum=1, maximum=10_000_000,
                              effect='next episode')
    run_dir: str = parameter('', "Folder of checkpoints, log and result; '' keeps nothing, and a "
                             'restart begins anew.', effect=START)
    preset: str = parameter('default', 'Where the defaults of the rule come from.',
                            choices=PRESETS, effect=START)
    rule: str = parameter('rstdp', 'What changes the weights.', choices=tuple(RULES),
                          effect=START)
    guard: str = parameter('snapshot', 'What decides which weights to keep.',
                           choices=tuple(GUARDS), effect=START)
    reward_source: str = parameter(
        'environment', 'environment: the return in episode_end; topic: the first episode_reward '
        'after it, which anybody may publish.', choices=('environment', 'topic'), effect=START)
    clock: str = parameter(
        'lockstep', 'lockstep: learn only from complete episodes; realtime: the spikes of '
        f'{REALTIME_COVERAGE:.0%} of the steps will do.', choices=CLOCKS, effect=START)
    paced_by: str = parameter(
        'adaptation', 'adaptation: asks the environment for every episode; environment: only '
        'listens.', choices=('adaptation', 'environment'), effect=START)


class AdaptationNode(Node):
    """Runs the protocol, hands accepted episodes to the learner and publishes its weights."""

    def __init__(self) -> None:
        super().__init__('adaptation')
        self.table = NodeParameters(self)
        self.own = own = self.table.declare(AdaptationParameters())
        task = get_task(own.task)
        rule = self.table.declare(preset(own.preset, own.task))
        guard = self.table.declare(GuardParameters())
        bounds = self.table.declare(BoundsParameters())
        network = SpikingQNetwork.load(model_path(own.model or f'{own.task}_0'))
        task.check_network(network)
        learner = Learner(network, Recipe(rule, own.seed, own.rule, own.guard, guard,
                                          bounds))
        self.run = AdaptationRun(learner, Path(own.run_dir) if own.run_dir else None)
        self.protocol = AdaptationProtocol(own.paced_by == 'adaptation',
                                           own.reward_source == 'topic', task.max_episode_steps,
                                           COVERAGE[own.clock])
        self.health = Health(self)
        self.health.include(self.protocol.counters)
        self._frozen_episodes: int | None = None
        self._create_interfaces(task.max_episode_steps)
        if self.run.resume(self.get_logger().warning):
            self.get_logger().info(f'resumed after {self.learner.episode} episodes')
        self._start_timer = steady_timer(self, 0.0, self._start)

    @property
    def learner(self) -> Learner:
        """What learns."""
        return self.run.learner

    @property
    def frozen(self) -> bool:
        """Whether learning is over and the deployed network goes on unchanged."""
        return self._frozen_episodes is not None

    @property
    def network(self) -> SpikingQNetwork:
        """The network that the policy should run now."""
        return self.learner.deployed if self.frozen else self.learner.running

    def _create_interfaces(self, max_steps: int) -> None:
        episode = qos.per_episode(max_steps)
        self._weights = self.create_publisher(UInt8MultiArray, 'weights', qos.LATCHED)
        self.create_subscription(Image, 'spikes', self._on_spikes, episode)
        self.create_subscription(DiagnosticStatus, 'episode_end', self._on_end, episode)
        self.create_subscription(Float64, 'episode_reward', self._on_reward, qos.EVENT)
        self.create_subscription(String, 'weights_active', self._on_active, qos.LATCHED)
        self._seed_client = self.create_client(SetParameters, 'environment/set_parameters')
        self._reset_client = self.create_client(Trigger, 'environment/reset')
        for name in ('save', 'rollback', 'restart'):
            self.create_service(Trigger, f'~/{name}', partial(self._serve, getattr(self, name)))
        self._poll_timer = steady_timer(
            self, POLL_PERIOD, lambda: self._do(self.protocol.poll(time.monotonic())))

    def _start(self) -> None:
        self._start_timer.cancel()
        self._next_episode()

    def _next_episode(self) -> None:
        """Ask for the next episode, with parameters that were changed meanwhile in force."""
        if self.table.changed:
            self._apply()
        if self.learner.episode < self.own.episodes:
            self._frozen_episodes = None
        elif not self.frozen:
            self._finish()
        seed = self.learner.next_seed + (self._frozen_episodes or 0)
        self._do(self.protocol.begin(self.network.digest, seed % END, time.monotonic()))

    def _apply(self) -> None:
        self.table.changed = False
        self.own = self.table.read(AdaptationParameters)
        self.learner.rule.parameters = self.table.read(RSTDPParameters)
        self.learner.guard.parameters = self.table.read(GuardParameters)
        self.learner.bounds.parameters = self.table.read(BoundsParameters)

    def _finish(self) -> None:
        """Learning is over: keep the deployed network and let the policy go on with it."""
        self._frozen_episodes = 0
        path = self.run.save_deployed()
        self.get_logger().info(f'{self.learner.episode} episodes learned; deployed network '
                               f'{self.learner.deployed.digest[:16]}'
                               + (f' in {path}' if path else ''))

    def _do(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, PublishWeights):
                self._weights.publish(messages.weights_message(self.network))
                self.health.values['running weights'] = self.network.digest
            elif isinstance(output, SetSeed):
                seed = RosParameter('seed', value=output.seed).to_parameter_msg()
                self._call(self._seed_client, SetParameters.Request(parameters=[seed]),
                           partial(self._on_seed, output.token))
            elif isinstance(output, Reset):
                self._call(self._reset_client, Trigger.Request(),
                           partial(self._on_reset, output.token))
            elif isinstance(output, Discarded):
                self._on_discarded(output)
            elif isinstance(output, Waiting):
                self._on_waiting(output.reason)
            elif isinstance(output, Accepted):
                self._on_accepted(output)

    def _call(self, client: Any, request: Any, done: Callable[[Any], None]) -> None:
        """Call a service; a reply that never comes is the protocol's business."""
        future = client.call_async(request)
        future.add_done_callback(lambda f: f.result() is not None and done(f.result()))

    def _on_seed(self, token: int, response: SetParameters.Response) -> None:
        refusals = [result.reason for result in response.results if not result.successful]
        self._do(self.protocol.seed_set(token, '; '.join(refusals), time.monotonic()))

    def _on_reset(self, token: int, response: Trigger.Response) -> None:
        refusal = '' if response.success else response.message or 'no reason given'
        self._do(self.protocol.reset_done(token, response.message if response.success else '',
                                          refusal, time.monotonic()))

    def _on_active(self, message: String) -> None:
        self._do(self.protocol.weights_active(message.data, time.monotonic()))

    def _on_spikes(self, message: Image) -> None:
        network = self.learner.running
        try:
            episode_id, digest, raster = messages.read_raster(
                message, network.ticks, sum(network.sizes[1:3]))
        except RstdpError as error:
            self.health.fault('spikes refused', error)
            return
        stamp = messages.to_nanoseconds(message.header.stamp)
        self._do(self.protocol.raster(episode_id, stamp, digest, raster, time.monotonic()))

    def _on_end(self, message: DiagnosticStatus) -> None:
        try:
            outputs = self.protocol.end(messages.read_end(message), time.monotonic())
        except RstdpError as error:
            self.health.fault('episode ends refused', error)
            return
        self._do(outputs)

    def _on_reward(self, message: Float64) -> None:
        try:
            outputs = self.protocol.reward(message.data, time.monotonic())
        except RstdpError as error:
            self.health.fault('episode rewards refused', error)
            return
        self._do(outputs)

    def _on_discarded(self, discarded: Discarded) -> None:
        logger = self.get_logger()
        if discarded.in_a_row < DISCARDS_BEFORE_BACK_OFF:
            logger.info(f'episode run again: {discarded.reason}')
        else:
            logger.warning(f'{discarded.in_a_row} episodes in a row could not be used: '
                           f'{discarded.reason}')

    def _on_waiting(self, reason: str) -> None:
        if reason != self.health.values.get('waiting'):
            self.get_logger().info(f'waiting for the environment: {reason}')
        self.health.values['waiting'] = reason

    def _on_accepted(self, episode: Accepted) -> None:
        self.health.values.pop('waiting', None)
        if self.frozen:
            self._frozen_episodes += 1
        else:
            record = self.run.finish_episode(episode.rasters, episode.episode_return,
                                             episode.episode_id, episode.seed)
            self.get_logger().info(str(record))
        self._next_episode()

    def _serve(self, action: Callable[[], str], request: Trigger.Request,
               response: Trigger.Response) -> Trigger.Response:
        try:
            response.success, response.message = True, action()
            self.get_logger().info(response.message)
        except (RstdpError, OSError) as error:
            response.success, response.message = False, str(error)
        return response

    def save(self) -> str:
        """
        Write the deployed network.

        :raises RstdpError: there is no folder to write to.
        """
        path = self.run.save_deployed()
        if path is None:
            raise RstdpError('nothing is saved without the parameter run_dir')
        return f'deployed network {self.learner.deployed.digest[:16]} saved to {path}'

    def rollback(self) -> str:
        """Break off the episode and go on from the deployed network."""
        self.run.roll_back()
        self._next_episode()
        return f'rolled back to {self.network.digest[:16]}'

    def restart(self) -> str:
        """Break off the episode and begin the run anew from the first network."""
        self.run.restart()
        self._frozen_episodes = None
        self._next_episode()
        return f'restarted from {self.network.digest[:16]}'


def main() -> None:
    """Run the node."""
    sys.exit(run_node(AdaptationNode))


if __name__ == '__main__':
    main()
