"""A pendulum whose physics were changed, a spiking policy, and what adapts it."""

from rstdp_ros.bringup import launch_description


def generate_launch_description():
    """Return the graph; all logic is in rstdp_ros.bringup."""
    return launch_description('pendulum')
