"""ROS parameter files, as far as they can be told to be none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rstdp_ros.errors import RstdpError
from rstdp_ros.plain import check_depth
from rstdp_ros.untrusted import read_file, refusing, shortened

LIMIT = 2**17
PARAMETERS = 'ros__parameters'


def read_parameter_file(path: str | Path) -> Mapping[str, Any]:
    """
    Read a ROS parameter file.

    :return: its content, keyed by nodes and namespaces.
    :raises RstdpError: it cannot be read, is no YAML, or has another form; names the file.
    """
    text = read_file(path, LIMIT)
    with refusing(path):
        try:
            # ROS knows no aliases, and a few of them stand for more than memory holds.
            if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
                raise RstdpError(f'{path}: ROS takes no aliases (*name) in parameter files')
            content = yaml.safe_load(text)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise RstdpError(f'{path}: not a YAML file ({shortened(error)})') from None
        except ValueError as error:
            raise RstdpError(f'{path}: a value is none ({shortened(error)})') from None
        try:
            check_depth(content)
            _check_nodes(content)
        except RstdpError as error:
            raise RstdpError(f'{path}: {shortened(error)}') from None
    return content


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
