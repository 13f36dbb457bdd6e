"""Environment, policy and adaptation in one process: fast, but one dies with the others."""

from __future__ import annotations

import sys

from rstdp_ros.nodes.adaptation import AdaptationNode
from rstdp_ros.nodes.bus import Bus
from rstdp_ros.nodes.environment import EnvironmentNode
from rstdp_ros.nodes.main import run_nodes
from rstdp_ros.nodes.policy import PolicyNode


def main() -> None:
    """Run the nodes."""
    sys.exit(run_nodes((EnvironmentNode, PolicyNode, AdaptationNode), bus=Bus()))


if __name__ == '__main__':
    main()
