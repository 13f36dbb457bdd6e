"""The operator node: acts as the person beside a stand-in robot, enabling it after every fault."""

from __future__ import annotations

import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_srvs.srv import SetBool

from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node

STAND_IN = 'stand_in'


class OperatorNode(Node):
    """
    Enables the environment whenever its diagnostics show that it is stopped.

    Only if a stand-in is in its namespace: at a real robot a person must have looked first.
    """

    def __init__(self) -> None:
        super().__init__('operator')
        self.health = Health(self)
        self._environment = f'{self.get_namespace().rstrip("/")}/environment'
        self._client: Any = self.create_client(SetBool, 'environment/enable')
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            stopped = status.name == self._environment and status.level == DiagnosticStatus.ERROR
            if stopped and self._at_stand_in():
                self.health.event('times enabled', f'enables after: {status.message}')
                # A refusal needs no handling: the next diagnostics show that it is still stopped.
                self._client.call_async(SetBool.Request(data=True))

    def _at_stand_in(self) -> bool:
        return (STAND_IN, self.get_namespace()) in self.get_node_names_and_namespaces()


def main() -> None:
    """Run the node."""
    sys.exit(run_node(OperatorNode))


if __name__ == '__main__':
    main()
