"""ROS parameter files, as far as they can be told to be none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rstdp_ros.errors import RstdpError
from rstdp_ros.plain import MAX_DEPTH
from rstdp_ros.untrusted import read_file, refusing, shortened

LIMIT = 2**17
PARAMETERS = 'ros__parameters'
BEGIN = (yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken,
         yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
END = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


def read_parameter_file(path: str | Path) -> Mapping[str, Any]:
    """
    Read a ROS parameter file.

    :return: its content, keyed by nodes and namespaces.
    :raises RstdpError: it cannot be read, is no YAML, or has another form; names the file.
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


def _check_tokens(text: bytes) -> None:
    """Refuse, before it takes time or memory, what stands for more than it looks."""
    depth = 0
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken):
            raise RstdpError('ROS takes no aliases (*name) in parameter files')
        depth += isinstance(token, BEGIN) - isinstance(token, END)
        if depth > MAX_DEPTH:
            raise RstdpError(f'nested more than {MAX_DEPTH} levels deep')


def _check_nodes(content: Any) -> None:
    """Refuse what gives no node parameters: ROS would start it without them, or not at all."""
    if not isinstance(content, dict) or not content:
        raise RstdpError(f'not a ROS parameter file; it begins with /**: and {PARAMETERS}:')
    for name, inner in content.items():
        if not isinstance(name, str) or not isinstance(inner, dict):
            raise RstdpError(f'{name!r} holds no parameters; expected {PARAMETERS}: in it')
        if PARAMETERS not in inner:
            _check_nodes(inner)
        elif not isinstance(inner[PARAMETERS], dict):
            raise RstdpError(f'{PARAMETERS} of {name!r} are no names and values')
