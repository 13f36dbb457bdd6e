"""An acrobot whose physics were changed, and a spiking policy that adapts to them."""

from rstdp_ros.bringup import launch_description


def generate_launch_description():
    """Return the graph; all logic is in rstdp_ros.bringup."""
    return launch_description('acrobot')
