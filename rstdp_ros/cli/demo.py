"""Adapt over ROS 2: three processes, one command, no ros2 tools needed."""


def add_arguments(parser):
    """Declare the options."""


def run(options):
    """Run."""
