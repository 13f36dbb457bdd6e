"""Parameter files: checks on ROS's own, and saved live changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import from_json, MAX_DEPTH
from rstdp_ros.support.untrusted import read_file, refusing, shortened

LIMIT = 2**17
PARAMETERS = 'ros__parameters'
FORM = f'a ROS parameter file is keyed /**: or by node, and then {PARAMETERS}:'
BEGIN = (yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken,
         yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
END = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


def read_parameter_file(path: str | Path) -> Mapping[str, Any]:
    """
    Read a ROS parameter file.

    :return: its content, keyed by node or namespace.
    :raises RstdpError: it cannot be read, is not YAML, or has another form; names the file.
    """
    text = read_file(path, LIMIT)
    with refusing(path):
        try:
            _check_tokens(text)
            content = yaml.safe_load(text)
            _check_nodes(content)
        except RstdpError as error:
            raise RstdpError(f'{path}: {shortened(error)}') from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise RstdpError(f'{path}: not a YAML file ({shortened(error)})') from None
        except ValueError as error:
            raise RstdpError(f'{path}: a value is none ({shortened(error)})') from None
    return content


def all_parameters(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of all nodes in a file's content; of equal names the last."""
    found: dict[str, Any] = {}
    for inner in content.values():
        found.update(_flat(inner[PARAMETERS]) if PARAMETERS in inner else all_parameters(inner))
    return found


def _flat(parameters: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Name nested parameters as ROS does: ``{a: {b: 1}}`` sets a.b."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        found.update(_flat(value, f'{prefix}{name}.') if isinstance(value, dict)
                     else {f'{prefix}{name}': value})
    return found


def read_changes(path: Path) -> dict[str, tuple[Any, Any]]:
    """
    Read saved live changes: names with the value at the start and the live one.

    :raises RstdpError: it cannot be read, or has another form; names the file.
    """
    data = read_file(path, LIMIT)
    with refusing(path):
        changes = {name: tuple(values) for name, values in from_json(data).items()}
        for name, values in changes.items():
            if len(values) != 2 or not all(isinstance(v, (bool, int, float, str)) for v in values):
                raise RstdpError(f'{path}: {shortened(name)} lacks a value at the start and a '
                                 'live one')
    return changes


def _check_tokens(text: bytes) -> None:
    """Refuse text that expands beyond its size, before it takes time or memory."""
    depth = 0
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken):
            raise RstdpError('ROS takes no aliases (*name) in parameter files')
        depth += isinstance(token, BEGIN) - isinstance(token, END)
        if depth > MAX_DEPTH:
            raise RstdpError(f'nested more than {MAX_DEPTH} levels deep')


def _check_nodes(content: Any) -> None:
    """Refuse content without node parameters: ROS would start without them, or not at all."""
    if not isinstance(content, dict) or not content:
        raise RstdpError(FORM)
    for name, inner in content.items():
        if not isinstance(name, str) or not isinstance(inner, dict):
            raise RstdpError(f'{name!r} holds no parameters: {FORM}')
        if PARAMETERS not in inner:
            _check_nodes(inner)
        elif not isinstance(inner[PARAMETERS], dict):
            raise RstdpError(f'{PARAMETERS} of {name!r} are no names and values')
