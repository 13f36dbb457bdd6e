"""The description of one node of the graph, to start it from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PACKAGE = 'rstdp_ros'


@dataclass(frozen=True)
class NodeDescription:
    """
    A node to start.

    :param name: the node's name.
    :param parameters: values set in addition to the parameter file.
    :param remappings: topic names of the node and what they become.
    :param package: the package of its executable: ``<name>_node`` in ours, ``<name>`` in others.
    :param arguments: command-line arguments, before ROS's.
    :param respawn: whether to restart it when it ends.
    """

    name: str
    parameters: dict[str, Any]
    remappings: Mapping[str, str] = field(default_factory=dict)
    package: str = PACKAGE
    arguments: tuple[str, ...] = ()
    respawn: bool = True

    @property
    def parts(self) -> tuple[NodeDescription, ...]:
        """The nodes of its process."""
        return (self,)

    @property
    def parameter_file(self) -> dict[str, Any]:
        """The content of a ROS parameter file with its values."""
        return {'/**': {'ros__parameters': dict(self.parameters)}}

    @property
    def ours(self) -> bool:
        """Whether this package has the executable."""
        return self.package == PACKAGE

    @property
    def executable(self) -> str:
        """The name of the installed executable."""
        return f'{self.name}_node' if self.ours else self.name

    @property
    def module(self) -> str:
        """The Python module that runs a node of ours."""
        return f'{PACKAGE}.nodes.{self.name}'


@dataclass(frozen=True)
class Composed(NodeDescription):
    """
    Several nodes in one process.

    :param nodes: environment, policy and adaptation.
    """

    name: str = 'composed'
    parameters: dict[str, Any] = field(default_factory=dict)
    nodes: tuple[NodeDescription, ...] = ()

    @property
    def parts(self) -> tuple[NodeDescription, ...]:
        """The nodes of its process."""
        return self.nodes

    @property
    def parameter_file(self) -> dict[str, Any]:
        """The content of a ROS parameter file with the values of each."""
        return {f'/**/{node.name}': {'ros__parameters': dict(node.parameters)}
                for node in self.nodes}
