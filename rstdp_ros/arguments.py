"""The launch arguments of every graph, with what ``--show-args`` says of them."""

from __future__ import annotations

from typing import NamedTuple

from rstdp_ros.backends import BACKENDS, TARGETS
from rstdp_ros.bags.topics import STORAGES
from rstdp_ros.parameters import table
from rstdp_ros.plasticity import PRESETS
from rstdp_ros.resources import share_path
from rstdp_ros.tasks import get_task, SIMULATORS, TASKS


class Argument(NamedTuple):
    """A launch argument; '' leaves the value to the parameter file or the node."""

    name: str
    default: str
    description: str


def arguments(task_name: str) -> list[Argument]:
    """List the launch arguments of a task's simulated graph."""
    return [
        Argument('params_file', str(share_path(f'config/{task_name}.yaml')),
                 'ROS parameter file, keyed /**:.'),
        *_common_arguments(),
        *_record_arguments(),
        Argument('backend', '', "gym: the task's equations; pybullet: simulated by PyBullet, with "
                 'friction, damping and delay; robot: a driver that follows ros2_control (see '
                 'robot_adapt.launch.py); foreign: a driver that speaks observation, action and '
                 'episode_end itself.'),
        Argument('clock', '', 'lockstep: wait for the policy, exact; realtime: a fixed rate.'),
        Argument('real_time_factor', '', '0: as fast as the policy answers; 1: real time.'),
        Argument('gui', 'false', "Open PyBullet's window."),
        *_physics_arguments(task_name),
    ]


def _physics_arguments(task_name: str) -> list[Argument]:
    own, others = (table(get_task(task_name, simulator).physics) for simulator in SIMULATORS)
    return [Argument(p.name, '', p.description + (f' Unit: {p.unit}.' if p.unit else '')
                     + ('' if p.name in own else ' With backend:=pybullet.'))
            for p in {**others, **own}.values()]


def robot_arguments() -> list[Argument]:
    """List the launch arguments of a robot's graph."""
    return [
        Argument('task', next(iter(TASKS)), f'{" or ".join(TASKS)}.'),
        Argument('params_file', '', "ROS parameter file, keyed /**:, with the robot's joints, "
                 'controller and limits.'),
        Argument('thread_priority', '', 'Real-time priority of environment, policy and watchdog, '
                 '1 to 99; needs the permission.'),
        *_common_arguments(),
        *_record_arguments(),
    ]


def _common_arguments() -> list[Argument]:
    return [
        Argument('namespace', '', 'Namespace of all nodes and topics.'),
        Argument('use_sim_time', 'false', 'All nodes follow /clock; a simulated environment '
                 'publishes it.'),
        Argument('use_rviz', 'false', 'Start RViz and, except beside a robot, the '
                 'robot_state_publisher.'),
        Argument('log_level', 'info', 'debug, info, warn, error or fatal.'),
        Argument('enclave', '', "Prefix of the nodes' SROS2 enclaves, such as /rstdp_ros."),
        Argument('adapt', 'true', 'Learn; false only lets the policy run.'),
        Argument('policy_backend', '', f'Where the network runs: {" or ".join(BACKENDS)}.'),
        Argument('lava_target', '', f'Where Lava computes: {" or ".join(TARGETS)}.'),
        Argument('model', '', 'Network file, or the name of a shipped one.'),
        Argument('episodes', '', 'Learn from so many episodes.'),
        Argument('seed', '', 'Episode i starts from seed + i.'),
        Argument('preset', '', f'Parameters of r-STDP: {", ".join(PRESETS)}.'),
        Argument('run_dir', '', 'Folder of checkpoints, log and result; an old one is continued. '
                 'Default: a new one under ~/.ros/rstdp_ros.'),
    ]


def _record_arguments() -> list[Argument]:
    return [
        Argument('record', 'false', "Record a bag in the run's folder; nothing begins before the "
                 'recorder is there.'),
        Argument('bag', '', 'Folder of the bag instead.'),
        Argument('storage', '', f'How the bag is stored: {" or ".join(STORAGES)}.'),
    ]


def replay_arguments() -> list[Argument]:
    """List the launch arguments of a graph whose environment is a bag."""
    return [
        Argument('bag', '', 'What to replay: folder of a bag, or one file of it.'),
        Argument('rate', '', 'So many times as fast as it was.'),
        Argument('start', '', "Begin so many seconds after the bag's first message."),
        Argument('loop', 'false', 'Begin again at the end.'),
        Argument('task', next(iter(TASKS)), f'{" or ".join(TASKS)}.'),
        Argument('params_file', '', 'ROS parameter file, keyed /**:.'),
        *_common_arguments(),
    ]
