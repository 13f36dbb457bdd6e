"""ROS parameters from the tables of :mod:`rstdp_ros.support.parameters`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from rstdp_ros.nodes.names import refuse_unknown_parameters, tasks_meant
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import from_mapping, Parameter, table


class NodeParameters:
    """
    The declared parameters of a node.

    The on-set callback only validates: another callback may still refuse the change. It sets
    ``changed``, and the node reads the values at its next safe moment.

    :param node: where to declare them.
    :ivar check: checks a change as a whole, if one value must fit others: called with a function
        from a parameter's name to its value after the change; raises an RstdpError.
    """

    def __init__(self, node: Node) -> None:
        self.changed = False
        self.check: Callable[[Callable[[str], Any]], None] | None = None
        self._node = node
        self._known: dict[str, Parameter] = {}
        self._start: dict[str, Any] = {}
        node.add_on_set_parameters_callback(self._on_set)
        if hasattr(node, 'add_pre_set_parameters_callback'):  # newer than Humble
            node.add_pre_set_parameters_callback(self._in_their_types)

    def declare(self, defaults: Any) -> Any:
        """
        Declare a table and return its values with the overrides of the launch applied.

        :param defaults: an instance of the table.
        :raises RstdpError: an override that does not fit, or a name that another table has.
        """
        for name, parameter in table(type(defaults)).items():
            if name in self._known:
                raise RstdpError(f'{type(defaults).__name__} has a parameter {name}, which the '
                                 'node has already: it needs another name')
            self._declare(parameter, getattr(defaults, name))
        return self.read(type(defaults))

    def declare_each(self, parameters: Iterable[Parameter]) -> None:
        """Declare parameters outside any table: those whose names depend on the task."""
        for parameter in parameters:
            self._declare(parameter, parameter.default)

    def _declare(self, parameter: Parameter, default: Any) -> None:
        given = self._node.declare_parameter(parameter.name, self._by_old_name(parameter, default),
                                             descriptor(parameter))
        # An integer that the launch gave for a double.
        typed = self._in_their_types([given], {parameter.name: parameter})
        if typed != [given]:
            self._node.set_parameters(typed)
        value = self._node.get_parameter(parameter.name).value
        # Checked here first, as our reason is clearer than that of rclpy, which checks ranges too.
        parameter.validate(value)
        self._node.set_descriptor(parameter.name, descriptor(parameter, **ranges(parameter)))
        self._known[parameter.name] = parameter
        self._start[parameter.name] = value

    def _by_old_name(self, parameter: Parameter, default: Any) -> Any:
        """Return what the launch gave under the parameter's earlier name, if anything."""
        given = overrides(self._node).get(parameter.was)
        if given is None:
            return default
        self._node.get_logger().warning(
            f'the parameter {parameter.was} is called {parameter.name} now')
        return given.value

    def read(self, cls: type) -> Any:
        """
        Return a table's current values.

        :raises RstdpError: a value that does not fit.
        """
        return from_mapping(cls, {name: self._node.get_parameter(name).value
                                  for name in table(cls)})

    def value(self, name: str) -> Any:
        """
        Return the current value of one parameter.

        :raises RstdpError: a value that does not fit.
        """
        return self._known[name].validate(self._node.get_parameter(name).value)

    def live_changes(self) -> dict[str, tuple[Any, Any]]:
        """Return the changed parameters: name, value at the start and value now."""
        now = {name: self._node.get_parameter(name).value for name in self._start}
        return {name: (start, now[name]) for name, start in self._start.items()
                if now[name] != start}

    def restore(self, changes: Mapping[str, tuple[Any, Any]]) -> list[str]:
        """
        Apply the live changes of an earlier start.

        A value that the new start sets differently from the earlier one stays as it is now.

        :param changes: from :meth:`live_changes`.
        :return: the names of those in force.
        :raises RstdpError: a value that does not fit.
        """
        wanted = [RosParameter(name, value=live) for name, (start, live) in changes.items()
                  if name in self._start and self._start[name] == start]
        result = self._node.set_parameters_atomically(wanted)
        if not result.successful:
            raise RstdpError(result.reason)
        return [parameter.name for parameter in wanted]

    def _in_their_types(self, parameters: list[RosParameter],
                        known: Mapping[str, Parameter] | None = None) -> list[RosParameter]:
        """Turn ``1`` into ``1.0`` where a double is declared, so that it stays one."""
        known = self._known if known is None else known

        def typed(given: RosParameter) -> RosParameter:
            parameter = known.get(given.name)
            double = parameter and type(parameter.default) is float and type(given.value) is int
            return RosParameter(given.name, value=float(given.value)) if double else given

        return [typed(given) for given in parameters]

    def _on_set(self, parameters: list[RosParameter]) -> SetParametersResult:
        try:
            for change in parameters:
                known = self._known.get(change.name)
                if known is None:
                    continue
                value = known.validate(change.value)
                # A dump that is loaded again includes them all.
                if known.fixed and value != self.value(known.name):
                    raise RstdpError(f'{known.name} can only be set at the {known.effect}')
            if self.check:
                new = {change.name: change.value for change in parameters}
                self.check(lambda name: self._known[name].validate(new[name]) if name in new
                           else self.value(name))
        except RstdpError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self.changed = True
        return SetParametersResult(successful=True)


def refuse_undeclared(node: Node) -> None:
    """
    Refuse overrides from ``-p`` or a parameter file that no node of the graph knows.

    :param node: which has declared all of its own.
    :raises RstdpError: for the first one, with the nearest known name.
    """
    task = node.get_parameter('task').value if node.has_parameter('task') else None
    refuse_unknown_parameters([name for name in overrides(node) if not node.has_parameter(name)],
                              tasks_meant(task))


def overrides(node: Node) -> Mapping[str, RosParameter]:
    """Return the overrides from ``-p`` or a parameter file, by name, declared or not."""
    # rclpy has no public way to read them.
    return getattr(node, '_parameter_overrides', {})


def descriptor(parameter: Parameter, **span: Any) -> ParameterDescriptor:
    """
    Describe a parameter to ROS.

    The type is left open, as rclpy would refuse ``1`` for a double; it is checked in the callback.
    Parameters that can only be set at the start are not marked as read-only, as a dump could not
    be loaded again then.

    :param span: from :func:`ranges`.
    """
    limits = [f'{sign} {bound:g}' for sign, bound in
              (('>=', parameter.minimum), ('<=', parameter.maximum)) if bound is not None]
    constraints = [f'{type(parameter.default).__name__}', *limits]
    if parameter.choices:
        constraints.append('one of ' + ', '.join(parameter.choices))
    if parameter.unit:
        constraints.append(f'unit {parameter.unit}')
    if parameter.effect:
        constraints.append(f'takes effect at the {parameter.effect}')
    return ParameterDescriptor(description=parameter.description, dynamic_typing=True,
                               additional_constraints='; '.join(constraints), **span)


def ranges(parameter: Parameter) -> dict[str, Any]:
    """Return the range of a number for its descriptor, from which tools draw sliders."""
    least, largest, kind = parameter.minimum, parameter.maximum, type(parameter.default)
    if least is None or largest is None:
        return {}
    if kind is int:
        return {'integer_range': [IntegerRange(from_value=int(least), to_value=int(largest),
                                               step=1)]}
    return {'floating_point_range': [FloatingPointRange(from_value=float(least),
                                                        to_value=float(largest))]}
