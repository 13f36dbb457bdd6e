"""Replay a bag to a live policy and adaptation; ``--show-args`` lists the arguments."""

from rstdp_ros.bringup import replay_launch_description


def generate_launch_description():
    """Return what ros2 launch starts."""
    return replay_launch_description()
