"""
A driver that speaks the protocol itself, in lockstep, and paces its own episodes.

`read` and `command` stand for your hardware; here they are a cart-pole whose pole is longer and
heavier than the one the network was trained on. docs/interfaces.md explains the rest.
"""

import hashlib
import secrets
import signal
from time import monotonic

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import numpy as np
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import String, UInt8MultiArray

from rstdp_ros.tasks.cartpole.physics import CartPolePhysics, failed, step

JOINTS, EFFORTS, MAX_STEPS = ['slider_to_cart', 'cart_to_pole'], ([-10.0], [10.0]), 200
SEND_AGAIN, ACTION_TIMEOUT, FIRST_PATIENCE, PATIENCE = 0.2, 2.0, 5.0, 10.0  # s
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PHYSICS = CartPolePhysics(pole_half_length=0.8, pole_mass=0.3).constants()


class Driver(Node):
    """Sends an observation, obeys its action, and so on until the episode ends."""

    def __init__(self):
        super().__init__('environment')
        self.boot, self.episode, self.stamp = secrets.token_hex(4), 0, 0
        self.state, self.observation, self.due = np.zeros(4), None, 0.0
        self.ended, self.active, self.said, self.silent = None, '', None, False
        self.heard = monotonic()
        self.observations = self.create_publisher(JointState, 'observation', 1)
        self.ends = self.create_publisher(DiagnosticStatus, 'episode_end', 2 * MAX_STEPS)
        self.create_subscription(JointState, 'action', self.on_action, 1)
        self.create_subscription(UInt8MultiArray, 'weights', self.on_weights, LATCHED)
        self.create_subscription(String, 'weights_active', self.on_active, LATCHED)
        self.create_timer(SEND_AGAIN, self.on_timer, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def begin(self):
        """Begin an episode; its number is its seed."""
        self.episode, self.steps, self.efforts = self.episode + 1, 0, []
        self.state = np.random.default_rng(self.episode).uniform(-0.05, 0.05, 4)
        self.observe()

    def observe(self):
        """Send the sensor values, with a new stamp."""
        x, x_dot, theta, theta_dot = self.read()
        message = JointState(name=JOINTS, position=[x, theta], velocity=[x_dot, theta_dot])
        self.stamp = max(self.stamp + 1, self.get_clock().now().nanoseconds)
        message.header.stamp = Time(nanoseconds=self.stamp).to_msg()
        message.header.frame_id = f'{self.boot}-{self.episode}'
        self.observation, self.due = message, monotonic() + ACTION_TIMEOUT
        self.steps += 1
        self.observations.publish(message)

    def on_action(self, action):
        """Obey the answer to the open observation; ignore everything else."""
        if (self.observation is None or action.header != self.observation.header
                or action.name != JOINTS[:1] or list(action.effort) not in EFFORTS):
            return
        self.efforts += action.effort
        fallen = self.command(action.effort[0])
        if fallen or self.steps == MAX_STEPS:
            self.end('terminated' if fallen else 'truncated')
        else:
            self.observe()

    def end(self, message):
        """Report how the episode ended; its return is one per step."""
        efforts = hashlib.sha256(np.array(self.efforts, '<f8').tobytes()).hexdigest()[:16]
        values = {'seed': self.episode, 'steps': self.steps, 'return': float(self.steps),
                  'efforts': efforts}
        self.ended = DiagnosticStatus(
            name='episode', hardware_id=self.observation.header.frame_id, message=message,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
        self.ends.publish(self.ended)
        self.observation, self.heard = None, monotonic()

    def on_weights(self, message):
        """Note which episode adaptation answers, and with which network."""
        words = [dim.label.partition(' ') for dim in message.layout.dim]
        self.said = {word: value for word, _, value in words}
        self.silent, self.heard = False, monotonic()
        self.begin_if_ready()

    def on_active(self, digest):
        """Note with which network the policy plays the next episode."""
        self.active = digest.data
        self.begin_if_ready()

    def begin_if_ready(self):
        """Begin when the last episode was answered and the policy uses the resulting weights."""
        if self.observation is not None or not self.active:
            return
        said = self.said
        current = said is None or said.get('digest') == self.active
        answered = self.ended is None or (
            said is not None and said.get('episode') == self.ended.hardware_id)
        # After so long a silence do not wait again: perhaps no adaptation is running.
        self.silent |= monotonic() - self.heard > (FIRST_PATIENCE if said is None else PATIENCE)
        if answered and current or self.silent:
            self.ended = None
            self.begin()

    def on_timer(self):
        """Send again what is unanswered; stop if no answer comes."""
        if self.observation is None:
            if self.ended is not None:
                self.ends.publish(self.ended)
            self.begin_if_ready()
        elif monotonic() < self.due:
            self.observations.publish(self.observation)
        else:
            self.command(0.0)
            self.end(f'aborted: no action within {ACTION_TIMEOUT:g} s')

    def read(self):
        """Return x, x', theta, theta' in m, m/s, rad, rad/s: your sensors."""
        return self.state

    def command(self, effort):
        """Exert an effort, N, for a control period; return whether the pole fell: your motor."""
        self.state = step(tuple(self.state), effort, PHYSICS)
        return failed(self.state, PHYSICS)


def main():
    """Run until Ctrl-C or SIGTERM; whatever ends it, the motor stops."""
    # ROS's own handlers would destroy the topics in the middle of a callback.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    driver = Driver()
    try:
        rclpy.spin(driver)
    except KeyboardInterrupt:
        pass
    finally:
        driver.command(0.0)


if __name__ == '__main__':
    main()
