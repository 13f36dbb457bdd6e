"""The environment node: a plant on one side, observation and action topics on the other."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
import sys
import time

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64
from std_srvs.srv import SetBool, Trigger

from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.parameters import NodeParameters, START
from rstdp_ros.parameters import parameter
from rstdp_ros.protocol.environment import EnvironmentProtocol, Observation
from rstdp_ros.protocol.episode import EpisodeEnd, new_boot_id
from rstdp_ros.seeds import END
from rstdp_ros.tasks import get_task, TASKS
from rstdp_ros.tasks.gym import GymPlant

POLL_PERIOD = 0.05
POLLS_PER_STEP = 10


@dataclass(frozen=True)
class EnvironmentParameters:
    """Parameters of the environment node; the task's physics come in addition."""

    task: str = parameter('cartpole', 'The task.', choices=tuple(TASKS), effect=START)
    backend: str = parameter('gym', 'What embodies the plant.', choices=('gym',), effect=START)
    env_id: str = parameter('', "A Gymnasium environment that fits the task; '' for the task's "
                            'own, whose physics are tunable.', effect=START)
    seed: int = parameter(0, 'Seed of the next episode: its start is that of reset(seed=s).',
                          minimum=0, maximum=END, effect='next reset')
    auto_reset: bool = parameter(False, 'Begin an episode by itself, at start and after every '
                                 'end, with rising seeds: for runs without adaptation.',
                                 effect='next end of an episode')
    real_time_factor: float = parameter(
        0.0, '0: as fast as the policy answers; 1: paced to real time; other values likewise.',
        minimum=0.0, maximum=1000.0, effect='next step')
    publish_clock: bool = parameter(False, 'Publish simulated time on /clock and use it in '
                                    'stamps.', effect=START)
    publish_reward: bool = parameter(True, 'Publish the return of each episode on '
                                     'episode_reward.', effect='next end of an episode')


class EnvironmentNode(Node):
    """Serves episodes of a task in lockstep with a policy."""

    def __init__(self) -> None:
        super().__init__('environment')
        self.table = NodeParameters(self)
        own = self.table.declare(EnvironmentParameters())
        self._own = own
        self.task = get_task(own.task)
        physics = self.table.declare(self.task.physics())
        self.health = Health(self)
        self._sim_time = 0
        plant = GymPlant(self.task, own.env_id)
        plant.set_physics(physics)
        self.protocol = EnvironmentProtocol(plant, new_boot_id(), self._stamp)
        self.protocol.seed = own.seed
        self.health.include(self.protocol.counters)
        self._create_interfaces()
        self._apply()

    def _create_interfaces(self) -> None:
        episode = qos.per_episode(self.task.max_episode_steps)
        self._observations = self.create_publisher(JointState, 'observation', qos.STEP)
        self._ends = self.create_publisher(DiagnosticStatus, 'episode_end', episode)
        self._rewards = self.create_publisher(Float64, 'episode_reward', qos.EVENT)
        self._joint_states = self.create_publisher(JointState, 'joint_states', qos.EVENT)
        self._time_publisher = self.create_publisher(Clock, '/clock', qos.EVENT)
        self._message = JointState(name=list(self.task.joints))
        self._watched = False
        self.create_subscription(JointState, 'action', self._on_action, qos.STEP)
        self.create_service(Trigger, '~/reset', self._on_reset)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self._poll_timer = steady_timer(self, POLL_PERIOD, self._on_poll)
        self._watch_timer = steady_timer(self, 1.0, self._look_for_watchers)

    def _stamp(self) -> int:
        """Return the time of an observation, ns; simulated time is a control period on."""
        if not self._own.publish_clock:
            return self.get_clock().now().nanoseconds
        self._sim_time += round(self.task.control_period * messages.NANOSECONDS)
        self._time_publisher.publish(Clock(clock=messages.to_time(self._sim_time)))
        return self._sim_time

    def _apply(self) -> None:
        """Put the present parameters into force; called between steps only."""
        self.table.changed = False
        before, self._own = self._own, self.table.read(EnvironmentParameters)
        own = self._own
        try:
            self.protocol.plant.set_physics(self.table.read(self.task.physics))
        except RstdpError as error:
            self.health.fault('parameters without effect', error)
        if own.seed != before.seed:  # auto_reset counts on from the last one
            self.protocol.seed = own.seed
        factor = own.real_time_factor
        period = self.task.control_period / factor if factor else 0.0
        self.protocol.step_period = period
        poll_period = min(POLL_PERIOD, period / POLLS_PER_STEP) if period else POLL_PERIOD
        self._poll_timer.timer_period_ns = int(poll_period * messages.NANOSECONDS)

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self.table.changed:
            self._apply()
        try:
            outputs = self.protocol.reset(time.monotonic())
        except RstdpError as error:
            response.success, response.message = False, str(error)
            return response
        self._send(outputs)
        response.success, response.message = True, self.protocol.episode_id
        return response

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._send(self.protocol.set_enabled(request.data))
        response.success = True
        response.message = 'enabled' if request.data else 'disabled'
        self.get_logger().info(response.message)
        return response

    def _on_action(self, message: JointState) -> None:
        if self.table.changed:
            self._apply()
        header = message.header
        try:
            effort = messages.read_effort(message, self.task.actuated_joint)
            outputs = self.protocol.action(header.frame_id, messages.to_nanoseconds(header.stamp),
                                           effort, time.monotonic())
        except RstdpError as error:
            self.health.fault('actions refused', error)
            return
        self._send(outputs)

    def _on_poll(self) -> None:
        if self._own.auto_reset and self.protocol.enabled and not self.protocol.running:
            if self.table.changed:
                self._apply()
            self._send(self.protocol.reset(time.monotonic()))
            self.protocol.seed += 1
        self._send(self.protocol.poll(time.monotonic()))

    def _send(self, outputs: Iterable[Observation | EpisodeEnd]) -> None:
        for output in outputs:
            if isinstance(output, Observation):
                self._send_observation(output)
                continue
            self._ends.publish(messages.end_message(output))
            if self._own.publish_reward and not output.aborted:
                self._rewards.publish(Float64(data=output.episode_return))

    def _send_observation(self, observation: Observation) -> None:
        message = self._message
        positions, velocities = observation.joints
        message.header.frame_id = observation.episode_id
        stamp = message.header.stamp
        stamp.sec, stamp.nanosec = divmod(observation.stamp, messages.NANOSECONDS)
        message.position, message.velocity = array('d', positions), array('d', velocities)
        self._observations.publish(message)
        if self._watched:
            self._joint_states.publish(message)

    def _look_for_watchers(self) -> None:
        """Spare the work of ``joint_states`` while nobody looks."""
        self._watched = self._joint_states.get_subscription_count() > 0


def main() -> None:
    """Run the node."""
    sys.exit(run_node(EnvironmentNode))


if __name__ == '__main__':
    main()
