"""
The page of all parameters, written from the tables that the nodes declare.

``python -m rstdp_ros.nodes.parameter_page > docs/parameters.md`` writes it; a test keeps it equal.
"""

from __future__ import annotations

from collections.abc import Iterable

from rstdp_ros.nodes.catalogue import catalogue
from rstdp_ros.support.parameters import Parameter

INTRODUCTION = """\
# Parameters

Set them in a parameter file (keyed `/**:` or by node), at launch, or while it runs with `ros2
param set`. An integer is taken for a double. A value that does not fit is refused with the reason
and changes nothing, and so is a name that no node knows. *Effect* says when a change during a run
is taken up; *start* is not at all.

This page is written by `python -m rstdp_ros.nodes.parameter_page`.
"""
HEADER = '| parameter | default | unit | range | effect | meaning |\n|---|---|---|---|---|---|'


def page() -> str:
    """Return the page."""
    return '\n'.join([INTRODUCTION, *(_section(f'Node {s.node}{s.when}', s.parameters)
                                      for s in catalogue())])


def _section(title: str, parameters: Iterable[Parameter]) -> str:
    return '\n'.join([f'## {title}\n', HEADER, *map(_row, parameters), ''])


def _row(parameter: Parameter) -> str:
    bounds = [f'{bound:g}' for bound in (parameter.minimum, parameter.maximum)
              if bound is not None]
    allowed = ', '.join(choice or "''" for choice in parameter.choices) or ' to '.join(bounds)
    default = f'`{parameter.default}`' if parameter.default != '' else "`''`"
    meaning = parameter.description.replace('|', '\\|')
    if parameter.was:
        meaning += f' Earlier name: `{parameter.was}`.'
    cells = f'`{parameter.name}`', default, parameter.unit, allowed, parameter.effect, meaning
    return f'| {" | ".join(cells)} |'


if __name__ == '__main__':
    print(page(), end='')
