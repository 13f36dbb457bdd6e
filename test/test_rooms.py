"""The house keeps to its plan: CONTRIBUTING's table of rooms, arrows one way, no circle."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
import re
import sys

import pytest

import rstdp_ros

PACKAGE = Path(rstdp_ros.__file__).parent
PLAN = PACKAGE.parent / 'CONTRIBUTING.md'
pytestmark = pytest.mark.skipif(not PLAN.exists(), reason='only in the source tree')


def module_of(file):
    """Return the dotted name of a file of ours."""
    parts = file.relative_to(PACKAGE.parent).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


MODULES = {module_of(file): file for file in sorted(PACKAGE.rglob('*.py'))}


def room_of(module):
    """Return the room of a module; '' outside all of them."""
    return module.split('.')[1] if module.count('.') else ''


def imported(node):
    """Yield what a file imports, what only readers of annotations see left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == 'TYPE_CHECKING':
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            names = [f'{child.module}.{alias.name}' for alias in child.names]
            yield from (name if name in MODULES else child.module for name in names)
        else:
            yield from imported(child)


@cache
def imports():
    """Return what each module of ours imports."""
    return {module: {*imported(ast.parse(file.read_text()))} for module, file in MODULES.items()}


@cache
def plan():
    """Return per room what it may import: of ours, of others."""
    rows = re.findall(r'^\| `(\w+)` \|.*\| (.*?) ?\| (.*) \|$', PLAN.read_text(), re.MULTILINE)
    rooms = [room for room, _, _ in rows]
    return {room: ({*rooms} if ours == 'every other' else {*re.findall(r'`(\w+)`', ours)},
                   {*others.split(', ')}) for room, ours, others in rows}


def test_every_room_is_in_the_plan():
    rooms = {file.name for file in PACKAGE.iterdir() if (file / '__init__.py').exists()}
    assert {*plan()} == rooms


def test_arrows_point_down():
    order = [*TopologicalSorter({room: ours - {room} for room, (ours, _) in plan().items()})
             .static_order()]
    assert order[0] == 'support' and order[-1] == 'cli'


@pytest.mark.parametrize('room', plan() if PLAN.exists() else [])
def test_a_room_imports_what_it_may(room):
    ours, others = plan()[room]
    for module, names in imports().items():
        if room_of(module) != room:
            continue
        for name in names:
            top = name.split('.')[0]
            if top == 'rstdp_ros':
                assert room_of(name) in {'', room, *ours}, f'{module} imports {name}'
            else:
                assert top in others or top in sys.stdlib_module_names, f'{module} imports {name}'


def test_no_two_files_import_each_other_in_a_circle():
    graph = {module: names & {*MODULES} for module, names in imports().items()}
    assert len([*TopologicalSorter(graph).static_order()]) == len(MODULES)
