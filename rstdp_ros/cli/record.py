"""Record a running graph into a bag, without the ros2 tools."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
import json
from pathlib import Path
from typing import Any

from rstdp_ros.bags.topics import NEEDS_ROSBAGS, STORAGES
from rstdp_ros.bringup.surroundings import check_surroundings
from rstdp_ros.support.errors import RstdpError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--output', type=Path, metavar='DIR', help='folder of the bag (default: '
                        'bag_ and the time)')
    parser.add_argument('--storage', default=STORAGES[0], metavar='S', help='how the bag is '
                        f'stored: {" or ".join(STORAGES)} (default: %(default)s)')
    parser.add_argument('--namespace', default='', metavar='NS', help='of the graph')


def run(options: argparse.Namespace) -> int:
    """Record until Ctrl-C."""
    output = options.output or Path(f'bag_{datetime.now():%Y%m%d_%H%M%S}')
    if output.exists():
        raise RstdpError(f'{output}: is there already; choose another folder for the bag')
    if options.storage not in STORAGES:
        raise RstdpError(f'unknown storage {options.storage!r}; known are {", ".join(STORAGES)}')
    if find_spec('rosbags') is None:
        raise RstdpError(NEEDS_ROSBAGS.format('rosbags'))
    return run_ros_node('recorder', {'bag': output.resolve(), 'storage': options.storage},
                        options.namespace)


def run_ros_node(name: str, parameters: Mapping[str, Any], namespace: str) -> int:
    """
    Run one of the package's nodes in this process until it is told to stop.

    :raises RstdpError: ROS 2 is missing, or could not start.
    """
    check_surroundings(namespace)
    if find_spec('rclpy') is None:
        raise RstdpError(f'the {name} needs ROS 2: source a ROS installation, or '
                         'pip install "rstdp_ros[ros]"')
    module = import_module(f'rstdp_ros.nodes.{name}')
    arguments = ['--ros-args']
    for key, value in parameters.items():
        plain = isinstance(value, (bool, int, float))
        # ROS reads YAML, in which a bare # or : has a meaning.
        text = json.dumps(value if plain else str(value), ensure_ascii=False)
        arguments += ['-p', f'{key}:={text}'] if plain or str(value) else []
    if namespace.strip('/'):
        arguments += ['-r', f'__ns:=/{namespace.strip("/")}']
    return module.run(arguments)
