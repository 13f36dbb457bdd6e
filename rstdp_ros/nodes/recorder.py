"""The recorder node: writes the graph's topics into a bag, without the ros2 tools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
import json
from pathlib import Path
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import ParameterEvent
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64, String, UInt8MultiArray
from std_srvs.srv import Trigger

from rstdp_ros.bags.topics import PARAMETERS_OF, Topic, TOPICS
from rstdp_ros.bags.writer import BagWriter, free_path
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.recording import CONFIRM
from rstdp_ros.nodes.tables import RecorderParameters
from rstdp_ros.nodes.topics import Topics

KINDS = {f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}': kind
         for kind in (DiagnosticArray, DiagnosticStatus, Float64, Image, JointState,
                      ParameterEvent, String, UInt8MultiArray)}
NODES = ('environment', 'policy', 'adaptation')
ASK_PERIOD = 1.0
# The last messages of the other nodes as they stop belong to the run.
LINGER = 1.0


class RecorderNode(Node):
    """Hands every message, as received bytes, to a thread that writes."""

    writer: BagWriter | None = None

    def __init__(self) -> None:
        super().__init__('recorder')
        parameters = NodeParameters(self).declare(RecorderParameters())
        self.health = Health(self)
        self.writer = BagWriter(free_path(Path(parameters.bag)), parameters.storage,
                                self.get_namespace().rstrip('/'))
        self.get_logger().info(f'recording to {self.writer.path}')
        topics = Topics(self, self.health)
        for topic in TOPICS:
            topics.subscription(KINDS[topic.kind], topic.name,
                                partial(self.writer.write, topic.name), profile(topic), raw=True)
        self.health.stopped = lambda: self.writer.failure
        self.health.watch('bag', lambda: self.writer.path)
        self.health.watch('messages written', lambda: sum(self.writer.counts.values()))
        self._answers: dict[str, dict[str, Any]] = {}
        self._questions: dict[str, tuple[Any, Any]] = {
            name: (self.create_client(ListParameters, f'{name}/list_parameters'),
                   self.create_client(GetParameters, f'{name}/get_parameters'))
            for name in NODES}
        self.create_service(Trigger, CONFIRM, self._on_confirm)
        self._ask_timer = steady_timer(self, ASK_PERIOD, self._ask)

    def _on_confirm(self, request: Trigger.Request,
                    response: Trigger.Response) -> Trigger.Response:
        """Confirm to the caller that its messages are recorded from now on."""
        response.success = True
        return response

    def _ask(self) -> None:
        """Ask the nodes whose parameters are not known yet, repeatedly."""
        missing = [name for name in NODES if name not in self._answers]
        if not missing:
            self._ask_timer.cancel()
        for name in missing:
            self.ask(self._questions[name][0], ListParameters.Request(),
                     partial(self._on_names, name))

    def _on_names(self, node: str, future: Any) -> None:
        names = list(future.result().result.names)
        self.ask(self._questions[node][1], GetParameters.Request(names=names),
                 partial(self._on_values, node, names))

    def _on_values(self, node: str, names: list[str], future: Any) -> None:
        values = map(parameter_value_to_python, future.result().values)
        self._answers[node] = dict(zip(names, values))

    def destroy_node(self) -> None:
        """Finish the bag."""
        if self.writer:
            self.writer.close({f'{PARAMETERS_OF}{name}': json.dumps(values, default=list)
                               for name, values in self._answers.items()})
            self.get_logger().info(f'{sum(self.writer.counts.values())} messages in '
                                   f'{self.writer.path} {self.writer.failure}')
        super().destroy_node()


def profile(topic: Topic) -> QoSProfile:
    """Return a QoS that asks for every message, and for the last one sent before."""
    durability = DurabilityPolicy.TRANSIENT_LOCAL if topic.latched else DurabilityPolicy.VOLATILE
    return QoSProfile(depth=topic.depth, reliability=ReliabilityPolicy.RELIABLE,
                      durability=durability)


def run(arguments: Sequence[str] | None = None) -> int:
    """
    Record until told to stop.

    :param arguments: of the process if None.
    :return: exit code.
    """
    return run_node(RecorderNode, arguments, linger=LINGER)


def main() -> None:
    """Run the node."""
    sys.exit(run())


if __name__ == '__main__':
    main()
