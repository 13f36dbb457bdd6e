"""
A bad network: a process between environment and policy that loses, delays, repeats and damages.

The environment's ``observation`` and the policy's ``action`` are remapped to ``..._sent``; the
remaining messages arrive under the usual names.
"""

from copy import deepcopy
from dataclasses import dataclass
import itertools
import math
import random
import sys

from rclpy.node import Node
from sensor_msgs.msg import JointState

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.nodes import qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.support.parameters import parameter

DEEP = qos.per_episode(100)
NOT_FINITE = (math.nan, math.inf, -math.inf)


@dataclass(frozen=True)
class RelayParameters:
    """The faults of messages, as fractions of all messages."""

    loss: float = parameter(0.0, 'Is lost.')
    duplicate: float = parameter(0.0, 'Comes twice.')
    late: float = parameter(0.0, 'Comes late by up to delay, so that others overtake it.')
    delay: float = parameter(0.1, 'Most of a delay.', unit='s')
    spoil: float = parameter(0.0, 'Is preceded by a spoiled copy.')
    shuffle: bool = parameter(False, 'The order of the joints changes at random.')
    seed: int = parameter(0, 'Of all this.')


class RelayDescription(NodeDescription):
    """The relay as a node of the graph."""

    @property
    def module(self):
        """The module that runs it, found through PYTHONPATH."""
        return 'relay'


def behind_relay(nodes, **faults):
    """Return a graph whose observations and actions pass through a relay."""
    sent = {'environment': {'observation': 'observation_sent'},
            'policy': {'action': 'action_sent'}}
    return [*(NodeDescription(n.name, n.parameters, sent.get(n.name, {})) for n in nodes),
            RelayDescription('relay', faults)]


def spoiled(message):
    """Yield copies of a message, each with a different error."""
    for field in ('position', 'velocity', 'effort'):
        for i in range(len(getattr(message, field))):
            for value in NOT_FINITE:
                copy = deepcopy(message)
                getattr(copy, field)[i] = value
                yield copy
    names = list(message.name)
    for wrong in ([*names[:-1], 'elbow_of_another_robot'], names[:-1], [names[0]] * len(names),
                  [*names, names[0]], ['x'] * len(names)):
        if wrong != names:
            copy = deepcopy(message)
            copy.name = wrong
            yield copy
    copy = deepcopy(message)
    copy.position = copy.velocity = copy.effort = []
    yield copy


def stale(message):
    """Yield copies of an action for times and episodes that it does not belong to."""
    for stamp in ((0, 0), (message.header.stamp.sec - 5, 0), (2**31 - 1, 0)):
        copy = deepcopy(message)
        copy.header.stamp.sec, copy.header.stamp.nanosec = stamp
        copy.effort = [-e for e in copy.effort]
        yield copy
    copy = deepcopy(message)
    copy.header.frame_id = 'another-1'
    yield copy


class Relay(Node):
    """Passes messages on, with faults."""

    def __init__(self):
        super().__init__('relay')
        self.parameters = NodeParameters(self).declare(RelayParameters())
        self.random = random.Random(self.parameters.seed)
        self.waiting = set()
        self.turns = itertools.count()
        for topic, wrongs in (('observation', (spoiled,)), ('action', (spoiled, stale))):
            publisher = self.create_publisher(JointState, topic, DEEP)
            self.create_subscription(
                JointState, f'{topic}_sent',
                lambda m, p=publisher, w=wrongs: self.on_message(m, p, w), DEEP)

    def on_message(self, message, publisher, wrongs):
        """Decide the fate of a message."""
        if self.random.random() < self.parameters.spoil:
            copies = [copy for wrong in wrongs for copy in wrong(message)]
            publisher.publish(copies[next(self.turns) % len(copies)])
        if self.parameters.shuffle and self.random.random() < 0.5:
            for field in ('name', 'position', 'velocity', 'effort'):
                setattr(message, field, getattr(message, field)[::-1])
        for _ in range(1 + (self.random.random() < self.parameters.duplicate)):
            if self.random.random() >= self.parameters.loss:
                self.deliver(message, publisher)

    def deliver(self, message, publisher):
        """Pass a message on, now or later."""
        if self.random.random() >= self.parameters.late:
            publisher.publish(message)
            return

        def now():
            timer.cancel()
            self.waiting.discard(timer)
            publisher.publish(message)

        timer = steady_timer(self, self.parameters.delay * self.random.random(), now)
        self.waiting.add(timer)


if __name__ == '__main__':
    sys.exit(run_node(Relay))
