"""
Tables of named values: one definition for the command line, the nodes and the documents.

A table is a frozen dataclass whose fields are made by :func:`parameter`. Everything that must
know a name, its unit or its range (``--set name=value``, ROS descriptors, the on-set callback,
the page of all parameters) reads it from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import dataclasses
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
import math
from typing import Any

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import plain
from rstdp_ros.support.untrusted import shortened

# When a change takes effect.
NEXT_STEP, NEXT_EPISODE, NEXT_RESET = 'next step', 'next episode', 'next reset'
NEXT_END = 'next end of an episode'
START, START_OF_RUN = 'start', 'start of a run'
# ROS has no larger integers, and a double could not represent all of them.
LARGEST_INTEGER = 2**63
FLAGS = {'true': True, 'false': False}


@dataclass(frozen=True)
class Parameter:
    """
    One named value and its constraints.

    :param minimum: smallest allowed value of a number, inclusive.
    :param maximum: largest allowed value of a number, inclusive.
    :param choices: the allowed strings; empty means any.
    :param effect: when a change during a run takes effect: one of the constants above.
    :param was: its earlier name, still accepted.
    :param absent: the value assumed for a run older than the parameter; None: the default.
    """

    name: str
    default: bool | int | float | str
    description: str
    unit: str = ''
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    effect: str = ''
    was: str = ''
    absent: bool | int | float | str | None = None

    @property
    def fixed(self) -> bool:
        """Whether it keeps its value while a node runs."""
        return self.effect in (START, START_OF_RUN)

    def validate(self, value: Any) -> bool | int | float | str:
        """
        Return the value in the type of the default, or refuse it.

        An integer is accepted where a double is expected: ``ros2 param set`` sends ``1`` for
        ``1.0``. numpy's numbers count as numbers, a bool does not.

        :raises RstdpError: wrong type, not finite, out of range or not one of the choices.
        """
        kind: Any = type(self.default)
        value = plain(value)
        if kind is float and type(value) is int and abs(value) < LARGEST_INTEGER:
            value = float(value)
        if type(value) is not kind:
            raise RstdpError(f'{self.name} must be a {kind.__name__}, not '
                             f'{shortened(repr(value))}')
        if kind is float and not math.isfinite(value):
            raise RstdpError(f'{self.name} must be a finite number, not {value}')
        if self.minimum is not None and value < self.minimum:
            raise RstdpError(f'{self.name} = {value} is below its minimum {self.minimum}')
        if self.maximum is not None and value > self.maximum:
            raise RstdpError(f'{self.name} = {value} is above its maximum {self.maximum}')
        if self.choices and value not in self.choices:
            raise RstdpError(f'{self.name} = {shortened(repr(value))} is not one of '
                             f'{", ".join(self.choices)}')
        return value

    def parse(self, text: str) -> bool | int | float | str:
        """
        Read the value from the text after ``name=`` on a command line.

        :raises RstdpError: as for :meth:`validate`.
        """
        kind = type(self.default)
        try:
            value = FLAGS[text.lower()] if kind is bool else kind(text)
        except KeyError:
            raise RstdpError(f'{self.name} must be true or false, not '
                             f'{shortened(repr(text))}') from None
        except ValueError:
            raise RstdpError(f'{self.name} must be a {kind.__name__}, not '
                             f'{shortened(repr(text))}') from None
        return self.validate(value)


def parameter(default: Any, description: str, **attributes: Any) -> Any:
    """
    Declare a field of a table; the attributes are those of :class:`Parameter`.

    :return: a dataclass field.
    """
    return field(default=default, metadata={'description': description, **attributes})


def with_default(cls: type, name: str, default: Any) -> Any:
    """
    Redeclare a field in a table that inherits from another one.

    :param cls: the other table.
    :return: a dataclass field that differs in its default.
    """
    inherited, = (f for f in fields(cls) if f.name == name)
    return field(default=default, metadata=inherited.metadata)


def table(cls: type) -> dict[str, Parameter]:
    """
    List the parameters of a table in order.

    :param cls: a dataclass whose fields were made by :func:`parameter`.
    """
    return {f.name: Parameter(f.name, f.default, **f.metadata)  # type: ignore[arg-type]
            for f in fields(cls)}


def in_present_names(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values under a table's current names; they may come under earlier ones."""
    now = {p.was: p.name for p in table(cls).values() if p.was}
    return {now.get(name, name): value for name, value in values.items()}


def of_an_earlier_run(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's values, with those of parameters that are newer than the run filled in."""
    return {p.name: p.absent for p in table(cls).values() if p.absent is not None} | dict(values)


def validated(values: Any) -> Any:
    """
    Return a copy of a table's object with every value checked and in its declared type.

    :raises RstdpError: for the first value that does not fit.
    """
    checked = {name: p.validate(getattr(values, name)) for name, p in table(type(values)).items()}
    return dataclasses.replace(values, **checked)


def refuse_unknown(names: Iterable[str], known: Iterable[str], what: str) -> None:
    """
    Refuse an unknown name, which would otherwise silently have no effect.

    :param what: what such a name is, to begin the sentence with.
    :raises RstdpError: for the first one; suggests the nearest known name.
    """
    known = list(known)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise RstdpError(f'{what} {name!r}; ' + (
                f'did you mean {near[0]!r}?' if near else f'known are {", ".join(known)}'))


def from_mapping(cls: type, values: Mapping[str, Any]) -> Any:
    """
    Build a table's object from names and values, with defaults for the rest.

    :raises RstdpError: an unknown name or a value that does not fit.
    """
    known = table(cls)
    for name in values:
        if name not in known:
            raise RstdpError(f'unknown parameter {name!r}; known are {", ".join(known)}')
    return validated(cls(**values))
