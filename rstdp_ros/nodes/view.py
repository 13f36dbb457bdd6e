"""
The view node: a live page in the browser.

It only listens, sets parameters and calls services, so nothing that learns depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
import os
from pathlib import Path
from queue import Empty, SimpleQueue
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import ParameterEvent
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter as RosParameter
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import UInt8MultiArray
from std_srvs.srv import SetBool, Trigger

from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.tables import ViewParameters
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import table
from rstdp_ros.support.resources import model_path
from rstdp_ros.support.untrusted import refusing
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.view import ADDRESS
from rstdp_ros.view.page import Page
from rstdp_ros.view.scene import Scene, Status
from rstdp_ros.view.server import PageServer, TOKEN

POLL_PERIOD = 0.05
ASK_PERIOD = 1.0
# Parameters that are known are read again after this time, s.
REFRESH_PERIOD = 5.0
# A node unheard for this long is shown as silent, s.
SILENT_AFTER = 5.0
# An answer that takes longer is said to be missing, s.
PATIENCE = 3.0
# The nodes that move and learn come first: this one gives way to them.
NICENESS = 10
OWNER_ONLY = 0o600
# Observations without an end are forgotten after so many of the longest episodes.
KEPT_EPISODES = 4


class ViewNode(Node):
    """Turns messages into a :class:`~rstdp_ros.view.scene.Scene`, and clicks into requests."""

    def __init__(self) -> None:
        # Before there are other threads: each has a niceness of its own.
        os.nice(NICENESS)
        super().__init__('view')
        parameters = NodeParameters(self).declare(ViewParameters())
        task = get_task(parameters.task)
        network = SpikingQNetwork.load(model_path(parameters.model or f'{parameters.task}_0'))
        task.check_network(network)
        self.scene, self.health = Scene(task, network), Health(self)
        self._requests: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pending: list[bytes] = []
        # The last observation that was shown.
        self._newest: bytes | None = None
        self._heard: dict[str, float] = {}
        self._clients_of: dict[str, Any] = {}
        # Requests without an answer: when to give up, and what to say then.
        self._waiting: dict[Any, tuple[float, str, Any]] = {}
        self._subscribe(task.max_episode_steps)
        self._readers: dict[str, tuple[Any, list[str]]] = {
            node: (self.create_client(GetParameters, f'{node}/get_parameters'), names)
            for node, names in (
                ('environment', ['plant', 'real_time_factor', *table(task.physics)]),
                ('adaptation', ['plasticity']))}
        self._ask_again = dict.fromkeys(self._readers, 0.0)
        # When a person set a parameter last.
        self._set_at: dict[tuple[str, str], float] = {}
        self._timers = [steady_timer(self, POLL_PERIOD, self._on_poll),
                        steady_timer(self, ASK_PERIOD, self._on_ask)]
        self._server = self._serve(parameters)

    def _serve(self, parameters: ViewParameters) -> PageServer:
        """Serve the page, after a restart where it was before, so that open pages find it."""
        path = Path(parameters.run_dir) / ADDRESS if parameters.run_dir else None
        port, token = parameters.port, ''
        if path and path.exists():
            # Whatever is wrong with it, a new address does as well.
            with suppress(ValueError, OSError):
                before = urlsplit(path.read_text())
                port = port or before.port or 0
                token = parse_qs(before.query).get(TOKEN, [''])[0]

        def fill(document: Any) -> None:
            Page(document, self.scene, self)

        try:
            server = PageServer(fill, port, token)
        except RstdpError:
            if parameters.port:
                raise
            # Meanwhile somebody else has the port of before.
            server = PageServer(fill, 0, token)
        if path:
            write_atomically(path, server.address.encode(), OWNER_ONLY)
        self.get_logger().info(f'watch at {server.address}')
        return server

    def _subscribe(self, steps: int) -> None:
        topics = Topics(self, self.health)

        def listening(depth: int) -> QoSProfile:
            # Asks for no repetitions: a page that is late must not make the others wait.
            return QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT)

        self._takes = [
            topics.polled(JointState, 'observation', self._pending.append, listening(2 * steps),
                          raw=True),
            topics.polled(Image, 'spikes', self._reading(self._on_spikes), listening(1))]
        topics.subscription(DiagnosticStatus, 'episode_end', self._reading(self._on_end),
                            qos.per_episode(steps))
        topics.subscription(UInt8MultiArray, 'weights', self._reading(self._on_weights),
                            qos.LATCHED)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self.create_subscription(ParameterEvent, '/parameter_events', self._on_change, 100)

    def _reading(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Count messages that are refused."""
        def read(message: Any) -> None:
            try:
                callback(message)
            except RstdpError as error:
                self.health.fault('messages refused', error)
        return read

    def _on_poll(self) -> None:
        """Take what came, and do what a person asked for."""
        for take in self._takes:
            take()
        if self._pending and self._pending[-1] is not self._newest:
            self._newest = self._pending[-1]
            for joints in self._poses([self._newest]):
                self.scene.joints = joints
        self._give_up()
        del self._pending[:-KEPT_EPISODES * self.scene.task.max_episode_steps]
        while True:
            try:
                request = self._requests.get_nowait()
            except Empty:
                return
            request()

    def _poses(self, observations: Iterable[bytes]) -> list[Joints]:
        """Read observations; what cannot be read is counted and left out."""
        read = []
        for data in observations:
            try:
                with refusing('observation'):
                    read.append(Joints(*messages.read_joints(
                        deserialize_message(data, JointState), self.scene.task.robot.joints)))
            except RstdpError as error:
                self.health.fault('observations refused', error)
        return read

    def _on_spikes(self, message: Image) -> None:
        self.scene.raster = messages.read_raster(message, *self.scene.network.raster_shape)[2]

    def _on_end(self, message: DiagnosticStatus) -> None:
        self._takes[0]()
        end = messages.read_end(message)
        # The whole text: boot-1 is also the beginning of boot-10.
        mark = f'{end.episode_id}\0'.encode()
        seen = [data for data in self._pending if mark in data]
        # The next episode may have begun.
        self._pending[:] = [data for data in self._pending if mark not in data]
        self.scene.ended(end.episode_return if not end.aborted else float('nan'), end.steps,
                         end.message, partial(self._poses, seen))

    def _on_weights(self, message: UInt8MultiArray) -> None:
        network = messages.read_weights(message)
        self.scene.task.check_network(network)
        self.scene.learned(network)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        ours = self.get_namespace().rstrip('/')
        for status in message.status:
            space, _, node = status.name.rpartition('/')
            if space == ours and node != self.get_name():
                self._heard[node] = time.monotonic()
                self.scene.reported(node, Status(
                    int.from_bytes(status.level, 'little'), status.message,
                    {pair.key: pair.value for pair in status.values}))

    def _on_change(self, event: ParameterEvent) -> None:
        space, _, node = event.node.rpartition('/')
        if space == self.get_namespace().rstrip('/') and node in self._readers:
            known = self._readers[node][1]
            news = {p.name: parameter_value_to_python(p.value)
                    for p in (*event.new_parameters, *event.changed_parameters) if p.name in known}
            # The seed changes with every episode.
            if news:
                self.scene.set(node, news)

    def _on_ask(self) -> None:
        """Ask for parameters, as events of changes may be missed; notice who fell silent."""
        now = time.monotonic()
        for node, (client, names) in self._readers.items():
            if now > self._ask_again[node] and client.service_is_ready():
                self.ask(client, GetParameters.Request(names=names),
                         partial(self._on_values, node, names, now))
        for node, heard in self._heard.items():
            status = self.scene.status[node]
            if now - heard > SILENT_AFTER and status.level < 3:
                self.scene.reported(node, Status(3, 'no diagnostics', status.values))

    def _on_values(self, node: str, names: Iterable[str], asked: float, future: Any) -> None:
        self._ask_again[node] = time.monotonic() + REFRESH_PERIOD
        # Those that a node does not have come back without a value, and what a person has just set
        # may come back as it was.
        values = zip(names, map(parameter_value_to_python, future.result().values))
        self.scene.set(node, {name: value for name, value in values if value is not None
                              and self._set_at.get((node, name), -PATIENCE) + PATIENCE < asked})

    def set_parameter(self, node: str, name: str, value: Any) -> None:
        """Set a parameter of a node; called by pages, from their thread."""
        self._set_at[node, name] = time.monotonic()
        wanted = RosParameter(name, value=value).to_parameter_msg()
        self._ask(SetParameters, f'{node}/set_parameters',
                  SetParameters.Request(parameters=[wanted]), f'{name} = {value}',
                  lambda reply: [(r.successful, r.reason) for r in reply.results][0])

    def call(self, service: str, value: bool | None = None) -> None:
        """Call a service; called by pages, from their thread."""
        kind, request = ((Trigger, Trigger.Request()) if value is None else
                         (SetBool, SetBool.Request(data=value)))
        name = 'STOP' if value is False else service.rpartition('/')[2]
        self._ask(kind, service, request, name, lambda reply: (reply.success, reply.message))

    def _ask(self, kind: type, service: str, request: Any, name: str,
             read: Callable[[Any], tuple[bool, str]]) -> None:
        """Send a request from the node's own thread, and show what comes of it."""
        def send() -> None:
            self.scene.answer = f'{name}: ...'
            if service not in self._clients_of:
                self._clients_of[service] = self.create_client(kind, service)
            client = self._clients_of[service]
            future = client.call_async(request)
            self._waiting[future] = (time.monotonic() + PATIENCE, f'{name}: no answer from '
                                     f'{service}; is its node running?', client)
            future.add_done_callback(self.guarded(done))

        def done(future: Any) -> None:
            if self._waiting.pop(future, None):
                success, reason = read(future.result())
                if not success:
                    self._ask_again = dict.fromkeys(self._readers, 0.0)
                    self._set_at.clear()
                self.scene.answer = (
                    f'{name}: {reason or "done" if success else f"refused: {reason}"}')

        self._requests.put(send)

    def _give_up(self) -> None:
        """Say which answers do not come."""
        for future, (deadline, words, client) in list(self._waiting.items()):
            if time.monotonic() > deadline:
                self.scene.answer = words
                client.remove_pending_request(future)
                del self._waiting[future]

    def destroy_node(self) -> None:
        """End the page too."""
        self._server.stop()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    sys.exit(run_node(ViewNode))


if __name__ == '__main__':
    main()
