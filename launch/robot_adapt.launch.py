"""Let a robot behind ros2_control adapt; ``--show-args`` lists the arguments."""

from rstdp_ros.bringup import robot_launch_description


def generate_launch_description():
    """Return what ros2 launch starts."""
    return robot_launch_description()
