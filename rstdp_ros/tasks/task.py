"""The definition of a task, for all code that works with any task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
import math
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.plasticity.rules import TaskRule
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.compiling import Kernel
from rstdp_ros.support.endings import TERMINATED, TRUNCATED
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parallel import in_parallel, parts
from rstdp_ros.support.parameters import from_mapping
from rstdp_ros.support.plain import Numbers
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.actuator import commands_kept
from rstdp_ros.tasks.episodes import Episodes, episodes_of
from rstdp_ros.tasks.equations import EquationsPlant
from rstdp_ros.tasks.interface import Joints, RobotInterface, Shape
from rstdp_ros.tasks.plant import Plant
from rstdp_ros.tasks.reward import Reward
from rstdp_ros.tasks.sensors import sensed
from rstdp_ros.tasks.simulated import Simulated
from rstdp_ros.tasks.sketch import Sketch
from rstdp_ros.tasks.stand_in import Machine
from rstdp_ros.tasks.training import ONE_PLANT, RANDOM_PLANTS, Settings
from rstdp_ros.tasks.unknown import Unknown

# Returns are written as text, and foreign drivers round them.
ROUNDING = 1e-6
# Added to the seed of an episode, so that its plant and its start are drawn independently.
PLANT = 1


class Episode(NamedTuple):
    """
    One finished episode, as learning needs it.

    :param rasters: (steps, T, h1 + h2) uint8, in the order of the observations.
    :param episode_return: the sum of rewards.
    :param trajectory: joints, efforts and how it ended, if requested.
    """

    rasters: np.ndarray
    episode_return: float
    trajectory: Trajectory | None = None


def trajectory_of(joints: Sequence[Joints], efforts: np.ndarray, end: str) -> Trajectory:
    """Put the data of every observation into arrays."""
    positions, velocities = np.array(joints, np.float64).transpose(1, 0, 2)
    return Trajectory(positions, velocities, efforts, end)


@dataclass(frozen=True)
class Task:
    """
    A task, composed of values that are independent of each other.

    :param name: its name on the command line and in network files.
    :param env_id: its default Gymnasium environment.
    :param robot: its inputs and outputs.
    :param network: the shape of its networks.
    :param physics: the table of the plant's parameters (:mod:`rstdp_ros.support.parameters`).
    :param step: compiled control period of the plant, see :func:`rstdp_ros.tasks.episodes.step`.
    :param ended: compiled, (state, constants) -> whether the episode is over.
    :param reward: the rewards of steps.
    :param max_episode_steps: number of steps after which an episode is truncated.
    :param start_range: largest distance of positions and velocities from zero at a start.
    :param start_state: random generator -> (state,) float64, drawn as Gymnasium does.
    :param sketch: the plant's appearance.
    :param simulated: other simulators' forms of it, by name.
    :param machine: how it moves as a stand-in robot; None if it has none.
    :param rule: its values for r-STDP; if None, derived from the possible returns.
    :param training: settings of deep Q-learning on ``ONE_PLANT`` and on ``RANDOM_PLANTS``.
    :param demo_physics: the changed plant of the demo, as names and values.
    :param plant_span: (least, largest) value of each parameter in which random plants differ.
    :param unknowns: the parameters of its physics that are identified.
    """

    name: str
    env_id: str
    robot: RobotInterface
    network: Shape
    physics: type
    step: Kernel
    ended: Kernel
    reward: Reward
    max_episode_steps: int
    start_range: float
    start_state: Callable[[np.random.Generator], np.ndarray]
    sketch: Sketch
    simulated: Mapping[str, Simulated] = field(default_factory=dict)
    machine: Machine | None = None
    rule: TaskRule | None = None
    training: Mapping[str, Settings] = field(default_factory=dict)
    demo_physics: Mapping[str, float] = field(default_factory=dict)
    plant_span: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unknowns: tuple[Unknown, ...] = ()

    def as_stand_in(self) -> Task:
        """
        Return the task with the physics of its stand-in robot.

        :raises RstdpError: it has none.
        """
        if not self.machine:
            raise RstdpError(f'there is no stand-in robot for the {self.name}')
        return replace(self, physics=self.machine.physics)

    def make_physics(self, values: Mapping[str, Any]) -> Any:
        """
        Build the plant's parameters from names and values; the rest are defaults.

        :raises RstdpError: an unknown name or a value that does not fit.
        """
        return from_mapping(self.physics, values)

    def random_plant(self, seed: int) -> Any:
        """
        Draw the plant of an episode, log-uniformly over the span; it depends on the seed alone.

        :return: an object of the table ``physics``.
        :raises RstdpError: the task names no span.
        """
        if not self.plant_span:
            raise RstdpError(f'{self.name} has no plant_span, so there are no random plants')
        generator = np.random.default_rng((seed, PLANT))
        return self.make_physics({
            name: math.exp(generator.uniform(math.log(least), math.log(largest)))
            for name, (least, largest) in self.plant_span.items()})

    def make_plant(self) -> Plant:
        """Return what embodies it, to be stepped."""
        return EquationsPlant(self)

    def possible_returns(self, steps: int | None = None) -> tuple[float, float]:
        """
        Return bounds of episodes' returns.

        The lower one is generous: a custom environment may give less than ours.

        :param steps: number of steps; None for any number up to the longest episode.
        """
        bounds = self.reward.bounds
        if steps:
            least, largest = bounds(steps)
            return min(0.0, least), largest
        # The end may cost more than a step, so a short episode may return least.
        return min(0.0, bounds(1)[0], bounds(self.max_episode_steps)[0]), self.reward.best

    def objection_to(self, episode_return: float, steps: int | None = None) -> str:
        """
        Say why no episode can have this return; '' if one can.

        :param steps: number of steps; None for any number up to the longest episode.
        """
        least, largest = self.possible_returns(steps)
        slack = ROUNDING * max(abs(least), abs(largest))
        if least - slack <= episode_return <= largest + slack:
            return ''
        return (f'it returned {episode_return:g}, which no episode of {self.name} does: '
                f'{f"{steps} steps" if steps else "they"} return {least:g} to {largest:g}')

    def settings(self, *, equal_scale: bool = True, random_plants: bool = False) -> Settings:
        """
        Return the settings that train its networks.

        :param equal_scale: bring observed values to the same size in training; the paper's
            networks see them unscaled.
        :param random_plants: train on a new random plant in every episode.
        """
        usual = Settings(solved_return=self.reward.best, random_plants=random_plants)
        own = self.training.get(RANDOM_PLANTS if random_plants else ONE_PLANT, usual)
        return replace(own, observation_scale=self.robot.observation_scale if equal_scale else ())

    def check_network(self, network: SpikingQNetwork) -> None:
        """
        Refuse a network that was made for another task.

        :raises RstdpError: wrong task, wrong number of observations or actions, or other efforts.
        """
        if network.task != self.name:
            raise RstdpError(f'the network was made for task {network.task!r}, not {self.name!r}')
        if (network.observation_size, network.sizes[-1]) != (
                self.network.observed, self.network.actions):
            raise RstdpError(f'the network takes {network.observation_size} observations and has '
                             f'{network.sizes[-1]} actions; {self.name} has '
                             f'{self.network.observed} and {self.network.actions}')
        if network.action_efforts not in ((), self.robot.efforts):
            raise RstdpError(f"the network's efforts {network.action_efforts} are not those of "
                             f'{self.name}, {self.robot.efforts}')

    def start_states(self, seeds: Sequence[int]) -> np.ndarray:
        """
        Return the start of each seed, exactly that of Gymnasium's ``reset(seed=s)``.

        :return: (n, state) float64.
        """
        # default_rng(s) is PCG64 over SeedSequence(s): the generator that Gymnasium makes.
        return np.array([self.start_state(np.random.default_rng(seed)) for seed in seeds],
                        dtype=np.float64)

    def returns(self, network: SpikingQNetwork, seeds: Sequence[int],
                physics: Any = None) -> np.ndarray:
        """
        Run whole greedy episodes, on all cores.

        :param seeds: one per episode; the start of seed s is Gymnasium's ``reset(seed=s)``.
        :param physics: the plant, or one per seed; the task's default if None.
        :return: (n,) float64, the return of each episode.
        :raises RstdpError: another number of plants than of seeds.
        """
        return self.returns_from(network, self.start_states(seeds), physics)

    def returns_from(self, network: SpikingQNetwork, starts: np.ndarray,
                     physics: Any = None) -> np.ndarray:
        """
        Run whole greedy episodes from given states.

        :param starts: (n, state) float64 true states.
        :param physics: the plant, or one per start; the task's default if None.
        :return: (n,) float64, the return of each episode.
        :raises RstdpError: another number of plants than of starts.
        """
        no_rasters = np.empty((0, 0, 0, 0), np.uint8)
        return self._run(network, starts, physics, no_rasters)[0]

    def episode(self, network: SpikingQNetwork, seed: int, physics: Any = None,
                trajectory: bool = False) -> Episode:
        """
        Run one greedy episode and keep the spikes.

        :param physics: the plant; the task's default if None.
        :param trajectory: keep joints and efforts too.
        """
        rasters = np.empty((1, self.max_episode_steps, *network.raster_shape), np.uint8)
        returns, steps = self._run(network, self.start_states([seed]), physics, rasters)
        episode = Episode(rasters[0, :steps[0]], float(returns[0]))
        if not trajectory:
            return episode
        efforts = self.efforts(network, episode.rasters)
        return episode._replace(trajectory=self.trajectory(seed, physics, efforts))

    def efforts(self, network: SpikingQNetwork, rasters: np.ndarray) -> np.ndarray:
        """
        Return the efforts that spikes command.

        :param network: the network that made them.
        :param rasters: (steps, T, h1 + h2) uint8.
        :return: (steps,) float64, N or N m.
        """
        return self._compiled.commands(network.q_values_of(rasters), self.robot.effort_array)

    def drive(self, starts: np.ndarray, pasts: np.ndarray | None, efforts: np.ndarray,
              physics: Any = None) -> np.ndarray:
        """
        Advance plants under commanded efforts, without sensors and without an end.

        :param starts: (n, state) float64 true states.
        :param pasts: (n, k), earlier commands, newest first; missing ones, or all if None, were
            zero.
        :param efforts: (n, m), as commanded, N or N m.
        :param physics: the plant, or one per row; the task's default if None.
        :return: (n, m, state) float64, the states after each of them.
        :raises RstdpError: another number of plants than of starts.
        """
        constants, actuators, _ = self.rows(physics, len(starts))
        return self.drive_each(starts, pasts, efforts, constants, actuators)

    def drive_each(self, starts: np.ndarray, pasts: np.ndarray | None, efforts: np.ndarray,
                   constants: np.ndarray, actuators: np.ndarray) -> np.ndarray:
        """
        Advance plants as :meth:`drive` does.

        :param constants: (n, constants) float64, a row per plant, from :meth:`rows`; likewise
            actuators (n, 2).
        """
        starts, efforts = (np.ascontiguousarray(a, np.float64) for a in (starts, efforts))
        before = np.zeros((len(starts), commands_kept(self.robot.control_period)))
        if pasts is not None:
            given = np.asarray(pasts)[:, :before.shape[1]]
            before[:, :given.shape[1]] = given
        return self._compiled.drive(starts, before, efforts, constants, actuators)

    def shown(self, state: Numbers, sensors: Numbers) -> Joints:
        """
        Return the sensors' values for a true state.

        :param state: float64, an array or a tuple.
        :param sensors: the plant's ``physics.sensors()``.
        """
        seen = np.empty(len(state))
        sensed(state, np.asarray(sensors), seen)
        return self.robot.pose(seen.tolist())

    def trajectory(self, seed: int, physics: Any, efforts: np.ndarray) -> Trajectory:
        """
        Repeat an episode from its efforts.

        :param physics: the plant; the task's default if None.
        :param efforts: (steps,) float64, as commanded until the episode ended, N or N m.
        """
        physics = physics or self.physics()
        starts = self.start_states([seed])
        states = [*starts, *self.drive(starts, None, efforts[None], physics)[0]]
        last = states.pop()
        sensors, over = physics.sensors(), self.ended(tuple(last), physics.constants())
        return trajectory_of([self.shown(state, sensors) for state in states], efforts,
                             TERMINATED if over else TRUNCATED)

    def _run(self, network: SpikingQNetwork, starts: np.ndarray, physics: Any,
             rasters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = starts, *self.rows(physics, len(starts))

        def play(part: slice) -> tuple[np.ndarray, np.ndarray]:
            return self._compiled.run_batch(
                *(a[part] for a in rows), *network.kernel_arguments, network.unit,
                network.neuron.ticks, self.max_episode_steps, self.robot.effort_array,
                rasters[part])
        returns, steps = zip(*in_parallel(play, parts(len(starts))))
        return np.concatenate(returns), np.concatenate(steps)

    @property
    def _compiled(self) -> Episodes:
        """The loops of whole episodes with this task's functions."""
        return episodes_of(len(self.robot.layout), len(self.physics().constants()),
                           step=self.step, ended=self.ended, reward=self.reward.of,
                           observe=self.robot.observe, decode=self.robot.decode)

    def terminated(self, joints: Joints, physics: Any) -> bool:
        """Return whether a pose ends an episode of a plant."""
        return self.ended(self.robot.state(joints), physics.constants())

    def worth(self, joints: Joints, effort: float, end: bool) -> float:
        """
        Return the reward of a step.

        :param joints: the pose in which the effort was commanded.
        :param effort: as commanded, N or N m.
        :param end: whether the step ended the episode.
        """
        return self.reward.of(self.robot.state(joints), effort, end)

    def load(self) -> None:
        """Load the compiled functions of steps: in real time the first cannot wait for them."""
        zeros = [0.0] * len(self.robot.joints)
        self.robot.observation(zeros, zeros)
        effort = self.robot.effort(np.zeros(self.network.actions, np.float32))
        self.worth(Joints(zeros, zeros), effort,
                   self.terminated(Joints(zeros, zeros), self.physics()))

    def rows(self, physics: Any, count: int) -> list[np.ndarray]:
        """
        Return constants, actuators and sensors for compiled code, one row per start.

        :param physics: as :meth:`plants`.
        :raises RstdpError: as :meth:`plants`.
        """
        plants, times = self.plants(physics, count), 1
        if not isinstance(physics, Sequence):  # compute them only once
            plants, times = plants[:1], count
        values = [(plant.constants(), plant.actuator(), plant.sensors()) for plant in plants]
        return [np.repeat(np.array(rows, np.float64), times, axis=0) for rows in zip(*values)]

    def plants(self, physics: Any, count: int) -> Sequence[Any]:
        """
        Return the plant of each start.

        :param physics: one for all of them, or one for each; the task's default if None.
        :raises RstdpError: another number of plants than of starts.
        """
        if not isinstance(physics, Sequence):
            return [physics or self.physics()] * count
        if len(physics) != count:
            raise RstdpError(f'{len(physics)} plants for {count} starts: give one, or one for '
                             'each start')
        return physics
