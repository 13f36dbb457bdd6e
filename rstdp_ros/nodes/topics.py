"""Publishers and subscriptions whose QoS can be overridden and whose problems are shown."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from inspect import signature
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.exceptions import ParameterException
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import InvalidQoSProfileException, QoSPolicyKind, QoSProfile
from rclpy.qos_overriding_options import InvalidQosOverridesError, QoSOverridingOptions
from rclpy.subscription import Subscription

from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.names import QOS
from rstdp_ros.nodes.node import Node
from rstdp_ros.support.errors import RstdpError

try:
    from rclpy.event_handler import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )
except ImportError:  # Humble
    from rclpy.qos_event import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
        UnsupportedEventTypeError,
    )

# Without history: keep-all is no option.
OVERRIDABLE = QoSOverridingOptions((
    QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY, QoSPolicyKind.DURABILITY,
    QoSPolicyKind.DEADLINE, QoSPolicyKind.LIVELINESS_LEASE_DURATION))
# What ROS declares read-only.
TYPE_SERVICE = 'start_type_description_service'
# Errors that rclpy raises for values that are no QoS, release by release.
QOS_ERRORS = (InvalidQosOverridesError, InvalidQoSProfileException, ParameterException,
              RuntimeError, TypeError, ValueError)


class Topics:
    """
    Makes the publishers and subscriptions of a node.

    Their QoS can be overridden by ROS's standard parameters, such as
    ``qos_overrides./observation.subscription.deadline``. Incoming messages count for the rates and
    ages on /diagnostics; a QoS that does not match and a missed deadline are faults there.

    :param node: the owner.
    :param health: told of messages and faults.
    """

    def __init__(self, node: Node, health: Health) -> None:
        self._node, self._health = node, health
        node.add_on_set_parameters_callback(self._keep)

    def publisher(self, kind: type, topic: str, profile: QoSProfile,
                  welcome: Callable[[], None] | None = None) -> Any:
        """
        Make a publisher.

        :param welcome: called for every new listener, if the release of ROS can tell.
        :raises RstdpError: an override that is no QoS.
        """
        def matched(event: Any) -> None:
            if event.current_count_change > 0:
                welcome()

        def make() -> Publisher:
            events = None
            if welcome and 'matched' in signature(PublisherEventCallbacks).parameters:
                events = PublisherEventCallbacks(matched=matched)
            return self._node.create_publisher(kind, topic, copy(profile), event_callbacks=events,
                                               qos_overriding_options=OVERRIDABLE)

        made, bus = self._checked(topic, make), self._node.bus
        return bus.publisher(made, profile) if bus else made

    def subscription(self, kind: type, topic: str, callback: Callable[[Any], None],
                     profile: QoSProfile, raw: bool = False) -> Subscription:
        """
        Make a subscription.

        :param raw: pass the messages as bytes.
        :raises RstdpError: an override that is no QoS.
        """
        stream, fault = self._health.stream(topic), self._health.fault
        guarded = self._node.guarded

        def counted(message: Any) -> None:
            stream.tick()
            callback(message)

        def incompatible(event: Any) -> None:
            stream.blocked = True
            fault('publishers with incompatible QoS', f'on {topic}; see ros2 topic info --verbose')

        def subscribe(**events: Callable[[Any], None]) -> Subscription:
            wrapped: dict[str, Any] = {name: guarded(call) for name, call in events.items()}
            return self._node.create_subscription(
                kind, topic, counted, copy(profile), qos_overriding_options=OVERRIDABLE, raw=raw,
                event_callbacks=SubscriptionEventCallbacks(
                    incompatible_qos=guarded(incompatible), **wrapped))

        def make() -> Subscription:
            try:
                return subscribe(deadline=lambda event: fault('deadlines missed', f'on {topic}'))
            except UnsupportedEventTypeError:
                self._node.get_logger().warning(f'{topic}: this RMW does not tell of missed '
                                                'deadlines')
                return subscribe()

        made, bus = self._checked(topic, make), self._node.bus
        if bus and not raw:
            bus.listen(made.topic_name, guarded(counted))
        return made

    def polled(self, kind: type, topic: str, callback: Callable[[Any], None],
               profile: QoSProfile, raw: bool = False) -> Callable[[], None]:
        """
        Make a subscription whose messages wait until they are fetched.

        An executor that is told of every message does nothing else in a flood; here messages not
        fetched in time are lost, and a call takes no more of them than the profile's depth.

        :param raw: pass the messages as bytes.
        :return: a function that handles the waiting messages.
        :raises RstdpError: an override that is no QoS.
        """
        subscription: Any = self.subscription(kind, topic, callback, profile, raw)
        # So no executor finds it.
        self._node._subscriptions.remove(subscription)

        def take() -> None:
            for _ in range(profile.depth):
                with subscription.handle:
                    taken = subscription.handle.take_message(kind, raw)
                if taken is None:
                    return
                subscription.callback(taken[0])

        return take

    def lives(self, kind: type, topic: str, profile: QoSProfile,
              died: Callable[[], None]) -> None:
        """
        Watch publishers that offer a lease; others do not match.

        :param died: called when one has missed its lease.
        """
        def changed(event: Any) -> None:
            if event.not_alive_count_change > 0:
                died()

        try:
            self._node.create_subscription(
                kind, topic, lambda message: None, copy(profile),
                event_callbacks=SubscriptionEventCallbacks(
                    liveliness=changed, incompatible_qos=lambda event: None))
        except UnsupportedEventTypeError:
            self._node.get_logger().warning(f'{topic}: this RMW does not tell of lost publishers')

    def _checked(self, topic: str, make: Callable[[], Any]) -> Any:
        try:
            made = make()
        except QOS_ERRORS as error:
            raise RstdpError(f'qos_overrides of {topic}: {error}') from None
        # ROS refuses even an unchanged value of a read-only parameter, as in a loaded dump.
        overrides = self._node.get_parameters_by_prefix(QOS.rstrip('.'))
        for name in (*(f'{QOS}{override}' for override in overrides), TYPE_SERVICE):
            if self._node.has_parameter(name):
                self._node.describe_parameter(name).read_only = False
        return made

    def _keep(self, parameters: list[Parameter]) -> SetParametersResult:
        """Refuse changes that only a restart can make."""
        for change in parameters:
            # Declaring a parameter sets it for the first time.
            fixed = (change.name.startswith((QOS, TYPE_SERVICE))
                     and self._node.has_parameter(change.name))
            if fixed and change.value != self._node.get_parameter(change.name).value:
                return SetParametersResult(
                    successful=False, reason=f'{change.name} can only be set at the start')
        return SetParametersResult(successful=True)

