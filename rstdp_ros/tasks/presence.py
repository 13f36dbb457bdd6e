"""The presence of nodes that a moving robot depends on, and of nodes that must not be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rstdp_ros.tasks.checklist import FAIL, Item, OK, WARN

ENVIRONMENT, WATCHDOG = 'environment', 'watchdog'
# Nodes that hear commands and move nothing: ours, and ROS's tools.
ONLOOKERS = (WATCHDOG, 'recorder', '_ros2cli', 'rosbag2')
# The longest silence of the watchdog, s, which says ten times per second that it is alive.
WATCHDOG_SILENCE = 1.0
NO_WATCHDOG = 'no watchdog: if this process dies, nobody sends the zero'
GHOSTS = 'one that died counts for up to 20 s'


class Presence(NamedTuple):
    """
    Names of the nodes at a robot's topics.

    :param drivers: nodes that publish joint states.
    :param listeners: nodes that subscribe to the command topic.
    :param commanders: nodes that publish on the command topic, this one included.
    :param watchdog_silent: time since the last message of the watchdog, s.
    """

    drivers: Sequence[str]
    listeners: Sequence[str]
    commanders: Sequence[str]
    watchdog_silent: float

    def items(self, drivers_allowed: int, watchdog_needed: bool) -> list[Item]:
        """
        Say whether all required nodes are there, and no others.

        :param drivers_allowed: number of nodes that may publish joint states.
        """
        return [*self._drivers(drivers_allowed), self._listeners(), *self._strangers(),
                *self._watchdog(watchdog_needed)]

    def _drivers(self, allowed: int) -> list[Item]:
        if len(self.drivers) <= allowed:
            return []  # whether any joint states come is another item
        names = ' and '.join(sorted(self.drivers))
        return [Item(FAIL, f'{names} publish joint states, and nobody knows whom to believe: stop '
                     f'or remap all but {allowed} ({GHOSTS}), or set joint_state_publishers where '
                     'each has joints of its own')]

    def _listeners(self) -> Item:
        if any(not name.startswith(ONLOOKERS) for name in self.listeners):
            return Item(OK, 'the controller listens to commands')
        return Item(FAIL, 'nobody listens to the commands: is the controller active, and the '
                    'parameter controller its name?')

    def _strangers(self) -> list[Item]:
        # A restarted watchdog commands only zero.
        strangers = [name for name in self.commanders if name != WATCHDOG]
        if ENVIRONMENT in strangers:
            strangers.remove(ENVIRONMENT)
        return [Item(FAIL, f'{", ".join(strangers)} may command the controller too: stop that '
                     f'first ({GHOSTS})')] if strangers else []

    def _watchdog(self, needed: bool) -> list[Item]:
        if self.watchdog_silent <= WATCHDOG_SILENCE:
            return []
        if needed:
            return [Item(FAIL, f'{NO_WATCHDOG}; start it, or set require_watchdog to false')]
        return [Item(WARN, NO_WATCHDOG)]
