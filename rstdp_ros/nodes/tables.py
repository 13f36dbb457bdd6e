"""
The parameters of every node, as tables (:mod:`rstdp_ros.support.parameters`).

They are data without ROS: the nodes declare them, ``docs/parameters.md`` lists them. The tables of
the task's physics and of strategy, guard and bounds are in the modules that use them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math

from rstdp_ros.backends import BACKENDS, TARGETS
from rstdp_ros.bags.topics import STORAGES
from rstdp_ros.plasticity import PRESETS
from rstdp_ros.plasticity.registry import AUTO, DEFAULT, GUARDS, STRATEGIES
from rstdp_ros.protocol.episode import CLOCKS, LOCKSTEP, PLANTS
from rstdp_ros.protocol.limits import Limits
from rstdp_ros.support.parameters import (
    NEXT_END,
    NEXT_EPISODE,
    NEXT_RESET,
    NEXT_STEP,
    Parameter,
    parameter,
    START,
)
from rstdp_ros.support.seeds import ADAPTATION, END
from rstdp_ros.tasks import Task, TASKS

# In real time, the fraction of an episode's steps whose spikes must have arrived.
REALTIME_COVERAGE = 0.95


def _thread_priority() -> int:
    return parameter(0, 'Real-time priority of all threads (SCHED_FIFO), for busy computers; '
                     'needs the permission. 0: normal scheduling.', minimum=0, maximum=99,
                     effect=START)


@dataclass(frozen=True)
class EnvironmentParameters:
    """Parameters of the environment node; the task's physics come in addition."""

    task: str = parameter(next(iter(TASKS)), 'The task.', choices=tuple(TASKS), effect=START)
    plant: str = parameter('gym', "gym: the task's equations, or another Gymnasium environment; "
                           'pybullet: the PyBullet simulator; robot: a driver that follows '
                           "ros2_control's conventions; nothing moves before ~/enable.",
                           choices=PLANTS, effect=START, was='backend')
    env_id: str = parameter('', "A Gymnasium environment that fits the task; '' for the task's "
                            'own, whose physics are tunable.', effect=START)
    gui: bool = parameter(False, "Open the simulator's window, if it has one.", effect=START)
    seed: int = parameter(0, 'Seed of the next episode: its start is that of reset(seed=s).',
                          minimum=0, maximum=END, effect=NEXT_RESET)
    auto_reset: bool = parameter(False, 'Begin episodes automatically, at start-up and after '
                                 'every end, with increasing seeds: for runs without adaptation.',
                                 effect=NEXT_END)
    clock: str = parameter(LOCKSTEP, 'lockstep: wait for the policy, reproducible bit for bit; '
                           'realtime: a fixed rate, and a safe stop if the policy is late.',
                           choices=CLOCKS, effect=START)
    real_time_factor: float = parameter(
        0.0, 'In lockstep, simulated time over real time; 0: as fast as the policy answers.',
        minimum=0.0, maximum=1000.0, effect=NEXT_STEP)
    leisurely: bool = parameter(False, 'Pace a run at full speed to real time, as nothing is '
                                'being learned. Adaptation sets this with every seed.',
                                effect=NEXT_STEP)
    control_rate: float = parameter(
        0.0, "In real time, control periods per second; 0: the task's own.", unit='Hz',
        minimum=0.0, maximum=10_000.0, effect=START)
    action_timeout: float = parameter(
        0.0, 'In real time, the largest age of an action, counted from its observation; then the '
        'episode is aborted. 0: five control periods.', unit='s', minimum=0.0, maximum=60.0,
        effect=START)
    publish_clock: bool = parameter(False, 'Publish simulated time on /clock and use it in '
                                    'stamps.', effect=START)
    publish_reward: bool = parameter(True, 'Publish the return of each episode on '
                                     'episode_reward.', effect=NEXT_END)
    thread_priority: int = _thread_priority()
    wait_for_recorder: bool = parameter(False, 'Begin no episode before a recorder is listening, '
                                        'and keep observations longer for it.', effect=START)


def limits(task: Task) -> list[Parameter]:
    """List the parameters that bound the efforts and joints of a task."""
    def limit(name: str, default: float, description: str, unit: str) -> Parameter:
        return Parameter(name, default, description, unit, minimum=0.0, maximum=1e6,
                         effect=NEXT_STEP)

    joints = [limit(f'joint_limits.{joint}.max_{kind}', 0.0,
                    f'An episode is aborted when the magnitude of the {kind} of this joint '
                    'exceeds it; 0: no limit.', unit)
              for joint in task.robot.joints
              for kind, unit in (('position', 'm or rad'), ('velocity', 'm/s or rad/s'))]
    return [limit('effort_limit', max(map(abs, task.robot.efforts)),
                  'Largest effort that is ever applied.', 'N or N m'),
            limit('effort_slew_limit', 1e6, 'Largest change of the effort per second.',
                  'N/s or N m/s'),
            *joints]


def read_limits(task: Task, value: Callable[[str], float], period: float) -> Limits:
    """
    Return the limits that these parameters set.

    :param value: returns a parameter's value by its name.
    :param period: control period, s.
    """
    positions, velocities = (
        tuple(value(f'joint_limits.{joint}.max_{kind}') or math.inf for joint in task.robot.joints)
        for kind in ('position', 'velocity'))
    return Limits(value('effort_limit'), value('effort_slew_limit') * period, task.robot.joints,
                  positions, velocities)


@dataclass(frozen=True)
class PolicyParameters:
    """Parameters of the policy node."""

    task: str = parameter(next(iter(TASKS)), 'The task.', choices=tuple(TASKS), effect=START)
    model: str = parameter('', "Network file, or the name of a shipped one; '' for the task's "
                           'first.', effect=START)
    backend: str = parameter('cpu', 'Where the network runs; lava needs Python 3.10, see '
                             'docs/lava.md.', choices=tuple(BACKENDS), effect=START)
    lava_target: str = parameter('cpu', 'Where Lava computes. cpu: simulated; loihi2: on the '
                                 'chip, which only runs quantised networks.', choices=TARGETS,
                                 effect=START)
    clock: str = parameter(LOCKSTEP, 'In real time, observations are received best-effort.',
                           choices=CLOCKS, effect=START)
    require_weights: bool = parameter(False, 'Answer nothing before the first weights message; '
                                      'set when adaptation runs.', effect=START)
    thread_priority: int = _thread_priority()
    wait_for_recorder: bool = parameter(False, 'Answer nothing before a recorder is listening, '
                                        'and keep actions longer for it.', effect=START)


@dataclass(frozen=True)
class AdaptationParameters:
    """Parameters of the adaptation node; those of strategy and guard come in addition."""

    task: str = parameter(next(iter(TASKS)), 'The task.', choices=tuple(TASKS), effect=START)
    model: str = parameter('', "Network file to start from, or the name of a shipped one; '' for "
                           "the task's first.", effect=START)
    seed: int = parameter(ADAPTATION, 'Episode i starts from seed + i.', minimum=0, maximum=END,
                          effect=START)
    episodes: int = parameter(100, 'Number of episodes to learn from; afterwards the deployed '
                              'network plays on unchanged.', minimum=1, maximum=10_000_000,
                              effect=NEXT_EPISODE)
    plasticity: bool = parameter(True, 'Whether to learn; false pauses learning and plays the '
                                 'deployed network, true resumes.', effect=NEXT_EPISODE)
    run_dir: str = parameter('', "Folder for checkpoints, log and result; '' keeps nothing, so a "
                             'restarted node begins a new run.', effect=START)
    keep_checkpoints: int = parameter(5, 'Number of the latest checkpoints to keep.', minimum=1,
                                      maximum=10_000_000, effect=START)
    preset: str = parameter('default', "Named set of defaults for the strategy's parameters; for "
                            f'r-STDP {", ".join(PRESETS)}.', effect=START)
    strategy: str = parameter(AUTO, 'What changes the weights; auto: as the run in run_dir began, '
                              f'{DEFAULT} for a new run.',
                              choices=(AUTO, *STRATEGIES), effect=START, was='rule')
    guard: str = parameter(AUTO, 'What decides which weights to keep; auto: as the run in run_dir '
                           'began, or what fits the strategy.', choices=(AUTO, *GUARDS),
                           effect=START)
    reward_source: str = parameter(
        'environment', 'environment: the return in episode_end; topic: the first episode_reward '
        'after it, from any publisher.', choices=('environment', 'topic'), effect=START)
    clock: str = parameter(
        LOCKSTEP, 'lockstep: learn only from complete episodes; realtime: the spikes of '
        f'{REALTIME_COVERAGE:.0%} of the steps are enough for a strategy that learns from spikes '
        'alone.', choices=CLOCKS, effect=START)
    paced_by: str = parameter(
        'adaptation', 'adaptation: requests every episode from the environment; environment: the '
        'environment decides, adaptation only listens.', choices=('adaptation', 'environment'),
        effect=START)
    wait_for_recorder: bool = parameter(False, 'Publish nothing before a recorder is listening.',
                                        effect=START)


@dataclass(frozen=True)
class RobotParameters:
    """Parameters of the environment node with ``plant: robot``; the joints' come in addition."""

    controller: str = parameter('effort_controller', 'Commands go to <controller>/commands, in '
                                'the format of forward_command_controller.', effect=START)
    effort_scale: float = parameter(
        1.0, "The controller's units per N or N m; negative if the directions differ.",
        minimum=-1e6, maximum=1e6, effect=START)
    sensor_timeout: float = parameter(
        0.1, 'The episode is aborted after this long without a joint state.', unit='s',
        minimum=0.001, maximum=10.0, effect=START)
    position_jump: float = parameter(
        0.05, 'The episode is aborted if a position is further than this from where its velocity '
        'leads.', unit='m or rad', minimum=0.001, maximum=10.0, effect=START)
    frozen_timeout: float = parameter(
        0.0, 'The episode is aborted if all joint values stay exactly the same for this long '
        'under effort; 0: five control periods.', unit='s', minimum=0.0, maximum=10.0,
        effect=START)
    stall_timeout: float = parameter(
        0.0, 'The same for the position of a single joint; 0: 25 control periods.', unit='s',
        minimum=0.0, maximum=100.0, effect=START)
    start_position_tolerance: float = parameter(
        0.1, 'An episode starts when every joint is this close to zero.', unit='m or rad',
        minimum=0.0, maximum=10.0, effect=START)
    start_velocity_tolerance: float = parameter(
        0.5, 'An episode starts when every joint is at most this fast.', unit='m/s or rad/s',
        minimum=0.0, maximum=100.0, effect=START)
    dwell: float = parameter(
        0.5, 'Rest between the end of an episode and the start of the next one.', unit='s',
        minimum=0.0, maximum=3600.0, effect=START)
    joint_state_publishers: int = parameter(
        1, 'Number of nodes that may publish joint states; more than one only if each has its own '
        'joints.', minimum=1, maximum=100, effect=START)
    prove_motion: bool = parameter(
        True, 'No episode counts before the actuated joint has been seen to follow its efforts; '
        'motion against them stops the robot.', effect=START)
    require_watchdog: bool = parameter(
        True, 'Enable nothing without the watchdog, and stop when it dies.', effect=START)


def wiring_parameters(task: Task) -> list[Parameter]:
    """List the parameters for the driver's names, zeros and scales of the joints."""
    def wire(joint: str, what: str, default: float | str, description: str) -> Parameter:
        return Parameter(f'joints.{joint}.{what}', default, description, effect=START)

    return [p for joint in task.robot.joints for p in (
        wire(joint, 'name', joint, f"The driver's name of {joint}."),
        wire(joint, 'zero', 0.0, f"The driver's reading when {joint} is at 0."),
        wire(joint, 'scale', 1.0, "Task units (m, rad) per unit of the driver's reading; negative "
             'if the directions differ.'))]


@dataclass(frozen=True)
class RecorderParameters:
    """Parameters of the recorder node."""

    bag: str = parameter('bag', 'Folder of the bag; if it exists, the first of bag_1, bag_2, ... '
                         'that does not.', effect=START)
    storage: str = parameter('mcap', 'Storage format of the bag.', choices=STORAGES, effect=START)


@dataclass(frozen=True)
class ReplayParameters:
    """Parameters of the replay node."""

    bag: str = parameter('', 'Folder of the bag, or one file of it.', effect=START)
    recorded_namespace: str = parameter('', 'Namespace of the recorded graph, if the bag holds '
                                        'several.', effect=START)
    rate: float = parameter(1.0, 'Playback speed, relative to the recording, but never faster '
                            'than the policy answers.', minimum=0.001, maximum=1000.0,
                            effect=START)
    start: float = parameter(0.0, "Time after the bag's first message at which to begin.",
                             unit='s', minimum=0.0, maximum=1e9, effect=START)
    loop: bool = parameter(False, 'Play the bag again at its end.', effect=START)


@dataclass(frozen=True)
class ViewParameters:
    """Parameters of the view node."""

    task: str = parameter(next(iter(TASKS)), 'The task.', choices=tuple(TASKS), effect=START)
    model: str = parameter('', "The network that the run began with: a file, or the name of a "
                           "shipped one; '': the task's first.", effect=START)
    run_dir: str = parameter('', "Folder for view.url, a file with the page's address, which is "
                             "kept over restarts; '': none.", effect=START)
    port: int = parameter(0, 'Port of the page on 127.0.0.1; 0: any that is free.', minimum=0,
                          maximum=65535, effect=START)


@dataclass(frozen=True)
class WatchdogParameters:
    """Parameters of the watchdog node."""

    task: str = parameter(next(iter(TASKS)), 'The task.', choices=tuple(TASKS), effect=START)
    controller: str = parameter('effort_controller', 'Commands go to <controller>/commands.',
                                effect=START)
    control_rate: float = parameter(0.0, "As the environment's; 0: the task's own.", unit='Hz',
                                    minimum=0.0, maximum=10_000.0, effect=START)
    command_timeout: float = parameter(
        0.0, 'An effort that is not renewed within this time is replaced by zero; 0: five control '
        'periods.', unit='s', minimum=0.0, maximum=10.0, effect=START)
    thread_priority: int = _thread_priority()


@dataclass(frozen=True)
class DriverParameters:
    """Parameters of the stand-in's driver; physics and imperfections come in addition."""

    task: str = parameter(next(iter(TASKS)), 'The task.', choices=tuple(TASKS), effect=START)
    controller: str = parameter('effort_controller', 'Commands come on <controller>/commands.',
                                effect=START)
    record: str = parameter('', 'File to log every command in, one line with time in s and effort '
                            "in N or N m; '' for none.", effect=START)
