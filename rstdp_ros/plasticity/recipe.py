"""How a run learns, as one value that describes itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rstdp_ros.plasticity.bounds import BoundsParameters
from rstdp_ros.plasticity.registry import AUTO, DEFAULT, find_guard, STRATEGIES
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import from_mapping, of_an_earlier_run, table, validated

# A recipe's tables, by their names in metadata.
TABLES = ('parameters', 'guard_parameters', 'bounds')


@dataclass(frozen=True)
class Recipe:
    """
    How a run learns.

    :param parameters: the table of the strategy.
    :param seed: episode i starts from seed + i.
    :param strategy: a name in ``STRATEGIES``.
    :param guard: a name in ``GUARDS``, or ``AUTO``.
    :param guard_parameters: the table of the guard; its defaults if None.
    :param bounds: how far the weights may go.
    """

    parameters: Any
    seed: int
    strategy: str = 'rstdp'
    guard: str = AUTO
    guard_parameters: Any = None
    bounds: BoundsParameters = field(default_factory=BoundsParameters)

    def __post_init__(self) -> None:
        """Let the guard bring its own table."""
        if self.guard_parameters is None:
            guard = find_guard(self.guard, self.strategy)
            object.__setattr__(self, 'guard_parameters', guard.Parameters())

    @classmethod
    def of(cls, task: str, seed: int, strategy: str = 'rstdp', guard: str = AUTO,
           preset: str = 'default', **tables: Any) -> Recipe:
        """
        Make a recipe from names.

        :param task: the task's name; presets differ between tasks.
        :param strategy: ``AUTO`` means the default of a new run.
        :param preset: of the strategy's parameters.
        :param tables: replace the defaults.
        :raises RstdpError: an unknown name.
        """
        strategy = DEFAULT if strategy == AUTO else strategy
        return cls(STRATEGIES[strategy].preset(preset, task), seed, strategy, guard, **tables)

    @property
    def tables(self) -> tuple[Any, ...]:
        """All parameters: instances of tables."""
        return tuple(getattr(self, name) for name in TABLES)

    def with_tables(self, *tables: Any) -> Recipe:
        """Return the recipe with other tables, in the order of :attr:`tables`."""
        return replace(self, **dict(zip(TABLES, tables)))

    def with_values(self, values: Mapping[str, Any]) -> Recipe:
        """
        Return the recipe with other parameter values; names that no table has are ignored.

        :raises RstdpError: a value that does not fit.
        """
        return self.with_tables(*(
            validated(replace(each, **{name: values[name] for name in table(type(each))
                                       if name in values})) for each in self.tables))

    def values(self) -> dict[str, Any]:
        """Return names and values of all parameters."""
        return {name: value for each in self.tables for name, value in asdict(each).items()}

    def to_json(self) -> dict[str, Any]:
        """Return strategy, guard and tables in the form used in metadata."""
        return {'rule': self.strategy, 'guard': self.guard,
                **{name: asdict(each) for name, each in zip(TABLES, self.tables)}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], seed: int) -> Recipe:
        """
        Undo :meth:`to_json`.

        :raises RstdpError: something is missing, unknown or from another release.
        """
        try:
            kinds = (STRATEGIES[values['rule']].Parameters,
                     find_guard(values['guard'], values['rule']).Parameters, BoundsParameters)
            tables = [from_mapping(kind, of_an_earlier_run(kind, values[name]))
                      for name, kind in zip(TABLES, kinds)]
        except KeyError as error:
            raise RstdpError(f'a recipe without {error}') from None
        return cls(tables[0], seed, values['rule'], values['guard'], *tables[1:])
