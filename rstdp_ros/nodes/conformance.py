"""The examination of an environment over ROS: messages and services, nothing else."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from functools import partial
import os
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.srv import GetParameters, SetParameters
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, String, UInt8MultiArray
from std_srvs.srv import Trigger

from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.main import make_executor
from rstdp_ros.protocol.conformance import Examination, Rule
from rstdp_ros.protocol.conformance.events import Act, AskParameters, Output, Reply
from rstdp_ros.protocol.envelope import Envelope, UNLEARNED
from rstdp_ros.protocol.episode import Observation
from rstdp_ros.protocol.outputs import Reset, SetSeed
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints

POLL_PERIOD = 0.02
DISCOVERY_TIME = 1.0
# Period at which DDS announces processes again, s: other nodes may be discovered that late.
ANNOUNCEMENT_PERIOD = 3.5
POLICY = 'somebody else answers observations: stop the policy node'
ADAPTATION = 'somebody publishes weights: stop the adaptation node'
# Matches whatever is offered; deep, as every single message counts here.
EVERY = QoSProfile(depth=1000, reliability=ReliabilityPolicy.BEST_EFFORT)


class ConformanceNode(Node):
    """
    Takes the place of policy and adaptation.

    :param examination: what to ask, to answer and to judge.
    :param namespace: of the environment.
    :ivar intruder: another node in that place, as a sentence; '' if none was noticed.
    """

    def __init__(self, examination: Examination, namespace: str) -> None:
        super().__init__('conformance', namespace=namespace)
        self.examination, self.task = examination, examination.task
        self.intruder = ''
        self._sent = self._heard = self._reports_heard = 0
        self._network = examination.policy.backend.network
        self._weights = self.create_publisher(UInt8MultiArray, 'weights', qos.LATCHED)
        self._active = self.create_publisher(String, 'weights_active', qos.LATCHED)
        episode = qos.per_episode(self.task.max_episode_steps)
        self._actions = self.create_publisher(JointState, 'action', qos.STEP)
        self._action = JointState()
        for kind, topic, callback, profile in (
                (JointState, 'observation', self._on_observation, EVERY),
                (DiagnosticStatus, 'episode_end', self._on_end, episode),
                (Float64, 'episode_reward', self._on_reward, qos.EVENT),
                (JointState, 'action', self._on_action, EVERY),
                (UInt8MultiArray, 'weights', self._on_weights, qos.LATCHED),
                (String, 'weights_active', self._on_weights_active, qos.LATCHED)):
            self.create_subscription(kind, topic, callback, profile)
        self._seed_client: Any = self.create_client(SetParameters, 'environment/set_parameters')
        self._parameter_client: Any = self.create_client(
            GetParameters, 'environment/get_parameters')
        self._reset_client: Any = self.create_client(Trigger, 'environment/reset')

    @property
    def discovered(self) -> bool:
        """Whether there seems to be a reset service; it may belong to a dead node."""
        return self._reset_client.service_is_ready()

    def poll(self) -> None:
        """Let time go on."""
        self._do(self.examination.poll(time.monotonic()))

    def begin(self) -> None:
        """Start the examination of an environment that paces itself."""
        self._answer('')
        self._active.publish(String(data=self._network.digest))

    def _answer(self, episode_id: str) -> None:
        """Answer an episode as adaptation does."""
        policies = (self.examination.policy.name,)
        self._weights.publish(messages.weights_message(self._network, Envelope(
            self._network.digest, episode_id, f'{UNLEARNED}: this is a check', policies)))

    def read_qos(self) -> None:
        """Tell the examination the QoS of the environment's topics."""
        for topic in ('observation', 'episode_end'):
            for publisher in self.get_publishers_info_by_topic(topic):
                reliability = publisher.qos_profile.reliability
                self.examination.offered(topic, reliability == ReliabilityPolicy.RELIABLE)

    def _do(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, Act):
                self._act(output)
            elif isinstance(output, SetSeed):
                seed = Parameter('seed', value=output.seed).to_parameter_msg()
                self._call(self._seed_client, SetParameters.Request(parameters=[seed]),
                           partial(_seed_reply, output.token))
            elif isinstance(output, Reset):
                self._call(self._reset_client, Trigger.Request(),
                           partial(_reset_reply, output.token))
            elif isinstance(output, AskParameters):
                self._call(self._parameter_client, GetParameters.Request(names=output.names),
                           partial(_parameter_reply, output))

    def _act(self, act: Act) -> None:
        self._sent += 1
        message = self._action
        message.header.frame_id = act.episode_id
        message.header.stamp = messages.to_time(act.stamp)
        message.name, message.effort = [act.joint], array('d', (act.effort,))
        self._actions.publish(message)

    def _call(self, client: Any, request: Any, read: Callable[[Any], Reply]) -> None:
        """Call a service; a reply that never comes is the examination's business."""
        def reply(future: Any) -> None:
            if future.result() is not None:
                self._do(self.examination.reply(read(future.result()), time.monotonic()))
        client.call_async(request).add_done_callback(reply)

    def _on_observation(self, message: JointState) -> None:
        now = time.monotonic()
        try:
            joints = Joints(*messages.read_joints(message, self.task.robot.joints))
        except RstdpError as error:
            self._do(self.examination.unreadable(Rule.JOINTS, str(error), now))
            return
        stamp = messages.to_nanoseconds(message.header.stamp)
        self._do(self.examination.observation(
            Observation(message.header.frame_id, stamp, joints), now))

    def _on_end(self, message: DiagnosticStatus) -> None:
        now = time.monotonic()
        try:
            end = messages.read_end(message)
        except RstdpError as error:
            self._do(self.examination.unreadable(Rule.END, str(error), now))
            return
        self._answer(end.episode_id)
        self._do(self.examination.end(end, now))

    def _on_reward(self, message: Float64) -> None:
        self._do(self.examination.reward(message.data, time.monotonic()))

    def _on_action(self, message: JointState) -> None:
        """Hear our own actions come back, and those of a policy, if there is one."""
        self._heard += 1
        if self._heard > self._sent:
            self.intruder = POLICY

    def _on_weights(self, message: UInt8MultiArray) -> None:
        envelope = messages.read_envelope(message)
        if envelope is None or envelope.policies != (self.examination.policy.name,):
            self.intruder = ADAPTATION

    def _on_weights_active(self, message: String) -> None:
        """Hear our own report come back, and those of a policy."""
        self._reports_heard += 1
        if self._reports_heard > 1 or message.data != self._network.digest:
            self.intruder = self.intruder or POLICY


def _seed_reply(token: int, response: SetParameters.Response) -> Reply:
    return Reply(token, refusal='; '.join(result.reason or 'no reason given'
                                          for result in response.results
                                          if not result.successful))


def _reset_reply(token: int, response: Trigger.Response) -> Reply:
    if not response.success:
        return Reply(token, refusal=response.message or 'no reason given')
    return Reply(token, response.message, '' if response.message else 'it gave no episode id')


def _parameter_reply(asked: AskParameters, response: GetParameters.Response) -> Reply:
    # If one is not declared, some nodes reply with nothing, others with an empty value.
    return Reply(asked.token, {name: value.string_value for name, value
                               in zip(asked.names, response.values) if value.string_value})


def examine(examination: Examination, namespace: str, progress: Callable[[str], None]) -> None:
    """
    Examine the environment in a namespace until the verdicts are final.

    :param progress: told from time to time what is being tried.
    :raises RstdpError: no environment, one that begins no episode, or another node in our place.
    """
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = ConformanceNode(examination, namespace)
        _spin(node, progress)
        _object(examination, namespace)
        node.read_qos()
        node.destroy_node()
    finally:
        rclpy.try_shutdown()


def _spin(node: ConformanceNode, progress: Callable[[str], None]) -> None:
    examination, executor = node.examination, make_executor()
    executor.add_node(node)

    def spin(seconds: float, until: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            executor.spin_once(timeout_sec=POLL_PERIOD)
            if node.intruder:
                raise RstdpError(f'{node.intruder}, whose place the check takes')

    # A request to a service that is not discovered yet is lost.
    spin(DISCOVERY_TIME, lambda: node.discovered)
    node.begin()
    while not examination.done:
        spin(POLL_PERIOD, lambda: False)
        node.poll()
        progress(examination.doing)
    spin(ANNOUNCEMENT_PERIOD, lambda: False)


def _object(examination: Examination, namespace: str) -> None:
    if not examination.found:
        raise RstdpError(f'no environment was heard in namespace {namespace or "/"} of ROS domain '
                         f'{os.environ.get("ROS_DOMAIN_ID", 0)}: is it running, and are '
                         'ROS_DOMAIN_ID and --namespace right?')
    if examination.objection:
        raise RstdpError(f'the environment is there, but {examination.objection}')
