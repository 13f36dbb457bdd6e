"""The launch arguments of every graph, with what ``--show-args`` says of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rstdp_ros.backends import BACKENDS, TARGETS
from rstdp_ros.bags.topics import STORAGES
from rstdp_ros.nodes.tables import AdaptationParameters
from rstdp_ros.plasticity import AUTO, GUARDS, PRESETS, STRATEGIES
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import refuse_unknown, table
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task, TASKS

PARAMS_FILE = 'ROS parameter file, keyed /**: or by node; a name that no node knows is refused.'
# What it means to leave out what a node has a parameter for.
FROM_FILE = 'as params_file says, else {}'


class Argument(NamedTuple):
    """A launch argument; without a default, ``empty`` says what leaving it out means."""

    name: str
    default: str
    meaning: str
    empty: str = ''

    @property
    def description(self) -> str:
        """What ``--show-args`` says."""
        return self.meaning if self.default else f'{self.meaning} Left out: {self.empty}.'


def arguments(task_name: str) -> list[Argument]:
    """List the launch arguments of a task's simulated graph."""
    return [
        Argument('params_file', _own_file(task_name), PARAMS_FILE,
                 'the defaults in docs/parameters.md'),
        *_common_arguments(),
        *_record_arguments(),
        Argument('backend', '', "gym: the task's equations; pybullet: simulated by PyBullet; "
                 'robot: a driver that follows ros2_control (see robot_adapt.launch.py); foreign: '
                 'a driver that speaks observation, action and episode_end itself.',
                 FROM_FILE.format('gym')),
        Argument('clock', '', 'lockstep: wait for the policy, exact; realtime: a fixed rate.',
                 FROM_FILE.format('lockstep')),
        Argument('real_time_factor', '', '0: as fast as the policy answers; 1: real time.',
                 FROM_FILE.format('0')),
        Argument('gui', 'false', "Open PyBullet's window."),
        *_physics_arguments(task_name),
    ]


def _own_file(task_name: str) -> str:
    """Return the parameter file that comes with a task, '' if none does."""
    try:
        return str(share_path(f'config/{task_name}.yaml'))
    except RstdpError:
        return ''


def _physics_arguments(task_name: str) -> list[Argument]:
    task = get_task(task_name)
    needs = [(p, '') for p in table(task.physics).values()]
    for simulator, other in task.simulated.items():
        names = {p.name for p, _ in needs}
        needs += [(p, f' With backend:={simulator}.') for p in table(other.physics).values()
                  if p.name not in names]
    return [Argument(p.name, '', p.description + (f' Unit: {p.unit}.' if p.unit else '') + need,
                     FROM_FILE.format(p.default)) for p, need in needs]


def robot_arguments() -> list[Argument]:
    """List the launch arguments of a robot's graph."""
    return [
        Argument('task', next(iter(TASKS)), f'{" or ".join(TASKS)}.'),
        Argument('params_file', '', f"{PARAMS_FILE} The robot's joints, controller and limits.",
                 'the defaults in docs/parameters.md'),
        Argument('thread_priority', '', 'Real-time priority of environment, policy and watchdog, '
                 '1 to 99; needs the permission.', FROM_FILE.format('that of other processes')),
        *_common_arguments(),
        *_record_arguments(),
    ]


def _common_arguments() -> list[Argument]:
    own = AdaptationParameters()
    return [
        Argument('namespace', '', 'Namespace of all nodes and topics.', 'the root, /'),
        Argument('use_sim_time', 'false', 'All nodes follow /clock; a simulated environment '
                 'publishes it.'),
        Argument('use_rviz', 'false', 'Start RViz and, except beside a robot, the '
                 'robot_state_publisher.'),
        Argument('log_level', 'info', 'debug, info, warn, error or fatal.'),
        Argument('enclave', '', "Prefix of the nodes' SROS2 enclaves, such as /rstdp_ros.",
                 'none'),
        Argument('adapt', 'true', 'Learn; false only lets the policy run.'),
        Argument('policy_backend', '', f'Where the network runs: {" or ".join(BACKENDS)}.',
                 FROM_FILE.format(next(iter(BACKENDS)))),
        Argument('lava_target', '', f'Where Lava computes: {" or ".join(TARGETS)}.',
                 FROM_FILE.format(TARGETS[0])),
        Argument('model', '', 'Network file, or the name of a shipped one.',
                 FROM_FILE.format("the task's first, such as cartpole_0; on a robot one that was "
                                  'trained on many plants, such as cartpole_robust_0')),
        Argument('episodes', '', 'Learn from so many episodes.', FROM_FILE.format(own.episodes)),
        Argument('seed', '', 'Episode i starts from seed + i.', FROM_FILE.format(own.seed)),
        Argument('strategy', '', f'What changes the weights: {", ".join((AUTO, *STRATEGIES))}.',
                 FROM_FILE.format(own.strategy)),
        Argument('guard', '', f'Which weights are kept: {", ".join((AUTO, *GUARDS))}.',
                 FROM_FILE.format(own.guard)),
        Argument('preset', '', f"The strategy's parameters: of r-STDP {', '.join(PRESETS)}.",
                 FROM_FILE.format(own.preset)),
        Argument('run_dir', '', 'Folder of checkpoints, log and result; an old one is continued.',
                 'a new one under ~/.ros/rstdp_ros'),
    ]


def _record_arguments() -> list[Argument]:
    return [
        Argument('record', 'false', "Record a bag in the run's folder; nothing begins before the "
                 'recorder is there.'),
        Argument('bag', '', 'Folder of the bag.', "bag in the run's folder"),
        Argument('storage', '', f'How the bag is stored: {" or ".join(STORAGES)}.',
                 FROM_FILE.format(STORAGES[0])),
    ]


def replay_arguments() -> list[Argument]:
    """List the launch arguments of a graph whose environment is a bag."""
    return [
        Argument('bag', '', 'What to replay: folder of a bag, or one file of it.',
                 'refused, as there is nothing to replay'),
        Argument('rate', '', 'So many times as fast as it was.', FROM_FILE.format('1')),
        Argument('start', '', "Begin so many seconds after the bag's first message.",
                 FROM_FILE.format('0')),
        Argument('loop', 'false', 'Begin again at the end.'),
        Argument('task', next(iter(TASKS)), f'{" or ".join(TASKS)}.'),
        Argument('params_file', '', PARAMS_FILE, 'the defaults in docs/parameters.md'),
        *_common_arguments(),
    ]


def all_arguments(task_name: str) -> list[Argument]:
    """List the launch arguments of a task's graphs, whatever its environment is."""
    return [*arguments(task_name), *robot_arguments(), *replay_arguments()]


def refuse_unknown_arguments(names: Iterable[str], declared: Iterable[Argument]) -> None:
    """
    Refuse what is misspelt, or meant for another graph.

    :raises RstdpError: for the first name, with the nearest argument there is.
    """
    refuse_unknown(names, [a.name for a in declared], 'unknown launch argument')
