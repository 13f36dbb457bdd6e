"""The graph: which nodes run with which parameters, and what starts them."""

from rstdp_ros.bringup.description import NodeDescription
from rstdp_ros.bringup.graph import describe_graph, make_run_dir, RECORDER
from rstdp_ros.bringup.launching import (
    launch_description,
    replay_launch_description,
    robot_launch_description,
)

__all__ = ['NodeDescription', 'RECORDER', 'describe_graph', 'launch_description', 'make_run_dir',
           'replay_launch_description', 'robot_launch_description']
