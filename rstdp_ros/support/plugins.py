"""
Plug-ins found by name: built-in ones, and those that installed packages offer.

A package offers one by a Python entry point, such as::

    [project.entry-points.'rstdp_ros.strategies']
    search = 'my_package.search:Search'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points, EntryPoint
from typing import Any

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import shortened

OURS = 'rstdp_ros'


@cache
def _installed() -> Any:
    """Return what all installed packages offer to anybody; to read it takes 20 ms."""
    return entry_points()


class Plugins(Mapping[str, Any]):
    """
    Classes or values of one kind by name, each loaded when first requested.

    Names keep their order, ours first. If a package offers one of our names, ours is used.

    :param kind: what to call one in an error.
    :param group: of the entry points.
    :param builtin: 'module:class' by name.
    """

    def __init__(self, kind: str, group: str, builtin: Mapping[str, str]) -> None:
        self.kind, self.group = kind, group
        self._builtin = {name: EntryPoint(name, target, group) for name, target in
                         builtin.items()}
        self._loaded: dict[str, Any] = {}

    @cached_property
    def _offered(self) -> dict[str, EntryPoint]:
        """What installed packages offer."""
        others = sorted(_installed().select(group=self.group), key=lambda point: point.name)
        return {p.name: p for p in others if p.name not in self._builtin}

    def add(self, made: Any) -> Any:
        """Register something by its name in this process; returned, so usable as a decorator."""
        self._loaded[made.name] = made
        return made

    def __getitem__(self, name: str) -> Any:
        """
        Return the one with that name.

        :raises RstdpError: there is none, or it cannot be loaded.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Any:
        point = self._builtin.get(name) or self._offered.get(name)
        if point is None:
            raise RstdpError(f'unknown {self.kind} {shortened(repr(name))}; known are '
                             f'{", ".join(self)}')
        try:
            made = getattr(import_module(point.module), point.attr)
            if made.name != name:
                raise ValueError(f'it calls itself {made.name!r}')
        except Exception as error:
            raise RstdpError(f'{self.kind} {name} of {self.origin(name)} cannot be loaded: '
                             f'{type(error).__name__}: {shortened(error)}') from None
        return made

    def __contains__(self, name: object) -> bool:
        """Say whether there is one of that name, broken or not."""
        return name in self._builtin or name in self._loaded or name in self._offered

    def __iter__(self) -> Iterator[str]:
        """Yield all names."""
        return iter(dict.fromkeys((*self._builtin, *self._offered, *self._loaded)))

    def __len__(self) -> int:
        """Count them."""
        return len(list(iter(self)))

    def origin(self, name: str) -> str:
        """Return the package and release that offer it."""
        package = self._offered[name].dist if name in self._offered else None
        return f'{package.name} {package.version}' if package else OURS

    def fault(self, name: str) -> str:
        """Say why one cannot be loaded, '' if it can."""
        try:
            self[name]
        except RstdpError as error:
            return str(error)
        return ''

    def usable(self) -> dict[str, Any]:
        """Return those that can be loaded; a broken one does not affect the others."""
        return {name: self[name] for name in self if not self.fault(name)}


# Not in the room of tasks: plasticity needs a task's r-STDP constants, but imports no task.
TASKS = Plugins('task', 'rstdp_ros.tasks', {
    'cartpole': 'rstdp_ros.tasks.cartpole.task:CARTPOLE',
    'acrobot': 'rstdp_ros.tasks.acrobot.task:ACROBOT'})
