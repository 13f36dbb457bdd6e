"""
The tests' ROS process: executes a test's requests, line by line, and answers in JSON.

It is a separate process because the ROS wheels restart Python on import, which a test runner would
not survive. It stays, as starting it takes longer than most requests.
"""

import json
import signal
import sys
import time
import traceback

from diagnostic_msgs.msg import DiagnosticArray
import provocations
import questions
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

PATIENCE = 20.0
ROUNDS = 5
FUNCTIONS = {**vars(questions), **vars(provocations)}
# No request takes this long, s; the end of the process ends the wait for its answer.
LIMIT = 120


class Probe(Node):
    """Calls services, publishes messages and collects diagnostics."""

    def __init__(self):
        super().__init__('probe')
        self.diagnostics, self.summaries, self.met = {}, {}, {}
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def _on_diagnostics(self, message):
        for status in message.status:
            name = status.name.split('/')[-1]
            self.diagnostics[name] = {**{v.key: v.value for v in status.values},
                                      'level': status.level[0]}
            self.summaries[name] = [int.from_bytes(status.level, 'big'), status.message]

    def count(self, node, key):
        """Return a node's count, as far as it was reported."""
        return int(self.diagnostics.get(node, {}).get(key, 0))

    def spin_until(self, condition, patience=PATIENCE):
        """Handle messages until a condition holds; return whether it does."""
        deadline = time.monotonic() + patience
        while not condition() and time.monotonic() < deadline:
            rclpy.spin_once(self, timeout_sec=0.1)
        return condition()

    def call(self, kind, name, request, again=True):
        """
        Call a service and return its response.

        A server that has not discovered the client yet does not answer. Requests that may be
        repeated are then sent again, as a person would.

        :param again: whether to ask again.
        """
        client = self.met[name] = self.met.get(name) or self.create_client(kind, name)
        assert client.wait_for_service(PATIENCE), name
        for patience in (PATIENCE,) if kind is Trigger or not again else (2.0, 2.0, PATIENCE):
            future = client.call_async(request)
            if self.spin_until(future.done, patience):
                return future.result()
        raise TimeoutError(name)

    def set_parameter(self, node, name, value):
        """Set a parameter; return '' or the reason of the refusal."""
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])
        result, = self.call(SetParameters, f'{node}/set_parameters', request).results
        return '' if result.successful else result.reason

    def publish(self, kind, topic, profile, messages):
        """Publish several times, as a queue of one loses messages, once there is a subscriber."""
        publisher = self.create_publisher(kind, topic, profile)
        assert self.spin_until(lambda: publisher.get_subscription_count() > 0), topic
        for message in ROUNDS * messages:
            publisher.publish(message)
            rclpy.spin_once(self, timeout_sec=0.02)


def answer(name, arguments):
    """Run a function with its own node; return its result, or its error."""
    signal.alarm(LIMIT)
    rclpy.init()
    probe = Probe()
    try:
        return {'result': FUNCTIONS[name](probe, *arguments)}
    except Exception:
        return {'failure': traceback.format_exc()}
    finally:
        probe.destroy_node()
        rclpy.shutdown()
        signal.alarm(0)


def main():
    """Answer every line of standard input: the name of a function, and its arguments."""
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)


if __name__ == '__main__':
    main()
