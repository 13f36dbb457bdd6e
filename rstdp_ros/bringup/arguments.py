"""The launch arguments of every graph: their allowed values and their ``--show-args`` texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from rstdp_ros.nodes.tables import (
    AdaptationParameters,
    EnvironmentParameters,
    PolicyParameters,
    RecorderParameters,
    ReplayParameters,
)
from rstdp_ros.plasticity import AUTO, GUARDS, STRATEGIES
from rstdp_ros.protocol.episode import PLANTS
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import Parameter, refuse_unknown, table
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task

LOG_LEVELS = ('info', 'debug', 'warn', 'error', 'fatal')
# A foreign driver speaks observation, action and episode_end itself: no environment node. A bag
# repeats what an environment sent.
FOREIGN, BAG = 'foreign', 'bag'
# The effect of omitting an argument that is a node's parameter.
FROM_FILE = 'from params_file, otherwise {}'


class Argument(NamedTuple):
    """
    A launch argument.

    :param parameter: its name, allowed values and meaning.
    :param left_out: the effect of omitting it; '' if its default applies.
    """

    parameter: Parameter
    left_out: str = ''

    @property
    def name(self) -> str:
        """The text before ``:=``."""
        return self.parameter.name

    @property
    def default(self) -> str:
        """Return the text that means it is omitted."""
        return '' if self.left_out else _text_of(self.parameter.default)

    @property
    def description(self) -> str:
        """The text shown by ``--show-args``."""
        said = (('', self.parameter.description), ('One of ', ', '.join(self.parameter.choices)),
                ('Unit: ', self.parameter.unit), ('If omitted: ', self.left_out))
        return ' '.join(f'{label}{text.removesuffix(".")}.' for label, text in said if text)


_TASK = Argument(table(EnvironmentParameters)['task'])


def arguments(task_name: str) -> list[Argument]:
    """List the launch arguments of a task's simulated graph."""
    return [
        _params_file(_own_file(task_name)),
        *_common_arguments(),
        *_record_arguments(),
        *_of_node(EnvironmentParameters, 'plant', choices=(*PLANTS, FOREIGN, BAG),
                  description="gym: the task's equations; pybullet: simulated by PyBullet; robot: "
                  'a driver that follows ros2_control (see robot_adapt.launch.py); foreign: a '
                  'driver that speaks observation, action and episode_end itself.'),
        *_of_node(EnvironmentParameters, 'clock', 'real_time_factor', 'gui'),
        _flag('composed', 'Environment, policy and adaptation in one process: several times as '
              'fast in lockstep, but a crash of one ends all.'),
        *_physics_arguments(task_name),
    ]


def robot_arguments() -> list[Argument]:
    """List the launch arguments of a robot's graph."""
    return [
        _TASK,
        _params_file(more=" The robot's joints, controller and limits."),
        *_of_node(PolicyParameters, 'thread_priority', description='Real-time priority of '
                  'environment, policy and watchdog, 1 to 99; needs the permission.'),
        *_common_arguments(),
        *_record_arguments(),
    ]


def replay_arguments() -> list[Argument]:
    """List the launch arguments of a graph whose environment is a bag."""
    return [
        _text('bag', 'What to replay: folder of a bag, or one file of it.', 'refused: there is '
              'nothing to replay'),
        *_of_node(ReplayParameters, 'rate', 'start', 'loop'),
        _TASK,
        _params_file(),
        *_common_arguments(),
    ]


def all_arguments(task_name: str) -> list[Argument]:
    """List the launch arguments of a task's graphs, whatever its plant is."""
    return [*arguments(task_name), *robot_arguments(), *replay_arguments()]


def read_arguments(declared: Iterable[Argument], texts: Mapping[str, str]) -> dict[str, Any]:
    """
    Read arguments given as text, under earlier names too; '' means omitted.

    :raises RstdpError: a value that does not fit.
    """
    given = {a.name: texts.get(a.name) or texts.get(a.parameter.was) for a in declared}
    return {a.name: a.parameter.parse(given[a.name]) for a in declared if given[a.name]}


def old_names(declared: Iterable[Argument]) -> dict[str, str]:
    """Return the arguments' earlier names, which are still accepted, and the current ones."""
    return {a.parameter.was: a.name for a in declared if a.parameter.was}


def checked(task_name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the arguments of a task's graphs by name: the given ones, and every flag.

    :param values: in their types; '' means omitted.
    :raises RstdpError: an unknown name or a value that does not fit.
    """
    known = {a.name: a for a in all_arguments(task_name)}
    refuse_unknown_arguments(values, known)
    flags = {a.name: a.parameter.default for a in known.values()
             if isinstance(a.parameter.default, bool) and not a.left_out}
    return flags | {name: known[name].parameter.validate(value)
                    for name, value in values.items() if value != ''}


def refuse_unknown_arguments(names: Iterable[str], declared: Iterable[str]) -> None:
    """
    Refuse misspelt arguments, and those of another graph.

    :raises RstdpError: for the first name, with the nearest argument there is.
    """
    refuse_unknown(names, declared, 'unknown launch argument')


def _common_arguments() -> list[Argument]:
    return [
        _text('namespace', 'Namespace of all nodes and topics.', 'the root, /'),
        _flag('use_sim_time', 'All nodes follow /clock; a simulated environment publishes it.'),
        _flag('use_rviz', 'Start RViz and, except with a robot, the robot_state_publisher.'),
        _flag('view', "A live page in the browser; its address, in the view node's log and in "
              "view.url in the run's folder, works on this machine only."),
        Argument(Parameter('log_level', LOG_LEVELS[0], 'Lowest level of messages to log.',
                           choices=LOG_LEVELS)),
        _text('enclave', "Prefix of the nodes' SROS2 enclaves, such as /rstdp_ros.", 'none'),
        _flag('adapt', 'Learn; false runs only the policy.', True),
        *_of_node(PolicyParameters, 'backend', name='policy_backend'),
        *_of_node(PolicyParameters, 'lava_target'),
        _text('model', 'Network file, or the name of a shipped one.',
              FROM_FILE.format("the task's first, such as cartpole_0; on a robot one trained on "
                               'many plants, such as cartpole_robust_0')),
        *_of_node(AdaptationParameters, 'episodes', 'seed'),
        *_of_node(AdaptationParameters, 'strategy', choices=(AUTO, *STRATEGIES)),
        *_of_node(AdaptationParameters, 'guard', choices=(AUTO, *GUARDS)),
        *_of_node(AdaptationParameters, 'preset'),
        _text('run_dir', 'Folder for checkpoints, log and result; an existing run is resumed.',
              'a new one under ~/.ros/rstdp_ros'),
    ]


def _record_arguments() -> list[Argument]:
    return [
        _flag('record', "Record a bag in the run's folder; nothing begins before the recorder is "
              'listening.'),
        _text('bag', 'Folder of the bag.', "bag in the run's folder"),
        *_of_node(RecorderParameters, 'storage'),
    ]


def _physics_arguments(task_name: str) -> list[Argument]:
    task = get_task(task_name)
    usual = list(table(task.physics).values())
    for simulator, other in task.simulated.items():
        names = {p.name for p in usual}
        usual += [replace(p, description=f'{p.description} With plant:={simulator}.')
                  for p in table(other.physics).values() if p.name not in names]
    return [Argument(p, FROM_FILE.format(p.default)) for p in usual]


def _of_node(cls: type, *names: str, **others: Any) -> list[Argument]:
    """
    List arguments that are parameters of a node: if omitted, the parameter file decides.

    :param others: attributes of the parameter that differ here.
    """
    known = table(cls)
    return [Argument(replace(known[name], **others),
                     FROM_FILE.format(_text_of(known[name].default))) for name in names]


def _params_file(own: str = '', more: str = '') -> Argument:
    return Argument(Parameter(
        'params_file', own, 'ROS parameter file, keyed /**: or by node; unknown names are '
        f'refused.{more}'), '' if own else 'the defaults in docs/parameters.md')


def _own_file(task_name: str) -> str:
    """Return the parameter file that comes with a task, '' if none does."""
    try:
        return str(share_path(f'config/{task_name}.yaml'))
    except RstdpError:
        return ''


def _text_of(value: bool | int | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flag(name: str, description: str, default: bool = False) -> Argument:
    return Argument(Parameter(name, default, description))


def _text(name: str, description: str, left_out: str) -> Argument:
    return Argument(Parameter(name, '', description), left_out)
