"""
A stand-in for the robot_state_publisher: real ROS, but no transforms.

Like the real one, it publishes its parameter ``robot_description`` on the topic of that name, at
its start and whenever the parameter is set, and refuses an empty one.
"""

import sys

from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import String

from rstdp_ros.nodes import qos

NAME = 'robot_description'


class StatePublisher(Node):
    """Publishes its latest description."""

    def __init__(self, text):
        super().__init__('robot_state_publisher')
        self._publisher = self.create_publisher(String, NAME, qos.LATCHED)
        self.declare_parameter(NAME, text)
        self._publish([self.get_parameter(NAME)])
        self.add_on_set_parameters_callback(self._check)
        self.add_post_set_parameters_callback(self._publish)

    def _check(self, parameters):
        return SetParametersResult(successful=all(p.value for p in parameters if p.name == NAME))

    def _publish(self, parameters):
        for parameter in parameters:
            if parameter.name == NAME:
                self._publisher.publish(String(data=parameter.value))


def main():
    """Run until killed: the description, then ROS's arguments."""
    rclpy.init(args=sys.argv[2:])
    try:
        rclpy.spin(StatePublisher(sys.argv[1]))
    except (KeyboardInterrupt, ExternalShutdownException):
        pass


if __name__ == '__main__':
    main()
