"""What the launch files start, for the ros2 tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import os
from pathlib import Path
import sys
from typing import Any

import yaml

from rstdp_ros.bringup.arguments import (
    all_arguments,
    Argument,
    arguments,
    BAG,
    old_names,
    read_arguments,
    refuse_unknown_arguments,
    replay_arguments,
    robot_arguments,
)
from rstdp_ros.bringup.description import NodeDescription, PACKAGE
from rstdp_ros.bringup.graph import describe_graph, make_run_dir, parts_named, RESPAWN_DELAY
from rstdp_ros.bringup.surroundings import check_surroundings
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import EXIT_BAD_INPUT, RstdpError
from rstdp_ros.support.orphans import parent_variable


def launch_description(task_name: str) -> Any:
    """Build the launch description of a task's graph; needs ROS's launch and launch_ros."""
    return _launch(arguments(task_name), {'task': task_name})


def robot_launch_description() -> Any:
    """Build the launch description of a robot's graph; needs ROS's launch and launch_ros."""
    return _launch(robot_arguments(), {'plant': 'robot'})


def replay_launch_description() -> Any:
    """Build the launch description of a bag's replay; needs ROS's launch and launch_ros."""
    return _launch(replay_arguments(), {'plant': BAG})


def _launch(declared: Sequence[Argument], fixed: dict[str, str]) -> Any:
    from launch.actions import DeclareLaunchArgument, OpaqueFunction

    from launch import LaunchDescription
    shown = [(a.name, a.default, a.description) for a in declared]
    shown += [(old, '', f'Earlier name of {now}.') for old, now in old_names(declared).items()]
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=description)
          for name, default, description in shown),
        OpaqueFunction(function=_start, args=[declared, fixed])])


def _start(context: Any, declared: Sequence[Argument], fixed: dict[str, str]) -> list[Any]:
    """Check all arguments, then return the nodes as actions of launch."""
    texts = _texts(context, declared) | fixed
    refuse_unknown_arguments(_on_command_line(context), texts)
    check_surroundings(texts['namespace'])
    nodes = describe_graph(texts['task'], read_arguments(all_arguments(texts['task']), texts))
    make_run_dir(nodes)
    _check_installed(node.package for node in nodes if not node.ours)
    return [_action(node, texts) for node in nodes]


def _texts(context: Any, declared: Sequence[Argument]) -> dict[str, str]:
    """Return the text of every argument by name; warn of earlier names."""
    from launch.substitutions import LaunchConfiguration

    from launch import logging
    earlier = old_names(declared)
    texts = {name: LaunchConfiguration(name).perform(context)
             for name in (*(a.name for a in declared), *earlier)}
    for old in filter(texts.get, earlier):
        logging.get_logger(PACKAGE).warning(f'{old}:= is called {earlier[old]}:= now')
    return texts


def _action(node: NodeDescription, texts: Mapping[str, str]) -> Any:
    from launch_ros.actions import Node
    parameters = _parameters(node)
    if texts['params_file'] and node.ours:
        parameters.insert(0, texts['params_file'])
    return Node(package=node.package, executable=node.executable,
                # One name would be that of all parts.
                name=node.name if node.parts == (node,) else None,
                namespace=texts['namespace'], parameters=parameters,
                remappings=list(node.remappings.items()),
                arguments=[*node.arguments, '--ros-args', '--log-level', texts['log_level'],
                           *_enclave(node, texts['enclave'])],
                additional_env=parent_variable(), output='screen', emulate_tty=True,
                respawn=node.respawn, respawn_delay=RESPAWN_DELAY,
                on_exit=_give_up if node.ours else None)


def _parameters(node: NodeDescription) -> list[Any]:
    """Return the values for launch; those of several nodes in a file in the run's folder."""
    from launch_ros.parameter_descriptions import ParameterValue
    if node.parts != (node,):
        adaptation, = parts_named('adaptation', [node])
        path = Path(adaptation.parameters['run_dir']) / f'{node.name}.yaml'
        write_atomically(path, yaml.safe_dump(node.parameter_file).encode())
        return [str(path)]
    # Text stays text, even if YAML would read it as something else.
    return [{name: ParameterValue(value, value_type=str) if isinstance(value, str) else value
             for name, value in node.parameters.items()}]


def _give_up(event: Any, context: Any) -> list[Any]:
    """Shut down if a node says that it cannot work as configured."""
    from launch.actions import Shutdown
    if event.returncode != EXIT_BAD_INPUT:
        return []
    return [Shutdown(reason=f'{event.process_name} cannot work as configured')]


def _on_command_line(context: Any) -> list[str]:
    """
    List the arguments that a person gave to this launch file.

    A launch file that includes it has arguments of its own, which are not checked.
    """
    ours = context.get_locals_as_dict().get('current_launch_file_path', '')
    # ros2 launch names the file by package or path.
    named = any(word == PACKAGE or (ours and os.path.realpath(word) == os.path.realpath(ours))
                for word in sys.argv[1:])
    return [word.split(':=')[0] for word in context.argv if ':=' in word] if named else []


def _check_installed(packages: Iterable[str]) -> None:
    from ament_index_python.packages import get_package_prefix, PackageNotFoundError
    for package in packages:
        try:
            get_package_prefix(package)
        except PackageNotFoundError:
            raise RstdpError(f'the package {package} is not installed: apt install '
                             f'ros-$ROS_DISTRO-{package.replace("_", "-")}') from None


def _enclave(node: NodeDescription, prefix: str) -> list[str]:
    return ['--enclave', f'{prefix.rstrip("/")}/{node.name}'] if prefix else []
