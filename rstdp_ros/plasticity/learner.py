"""The object that learns: a network, a strategy and a guard, advanced one episode at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, replace
import math
from typing import Any

import numpy as np

from rstdp_ros import __version__
from rstdp_ros.plasticity.bounds import Bounds
from rstdp_ros.plasticity.recipe import Recipe
from rstdp_ros.plasticity.records import EpisodeRecord
from rstdp_ros.plasticity.registry import AUTO, find_guard, GUARDS, STRATEGIES
from rstdp_ros.plasticity.restoring import check_kinds, check_networks, OtherRunError
from rstdp_ros.plasticity.rounding import rounded
from rstdp_ros.plasticity.strategy import Lesson, Proposal, Shown, Weights
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.quantize import on_own_grid
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import START_OF_RUN, table
from rstdp_ros.support.plain import real
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.support.untrusted import refusing, shortened

MOVING_AVERAGE = 10
# No run has this many episodes.
COUNTABLE = 10**12


class Learner:
    """
    Network, strategy, bounds and guard; equal episodes give equal networks, bit for bit.

    :param network: the one that the run starts with.
    :param recipe: how it learns.
    :raises RstdpError: a strategy or guard that does not exist, or parameters that do not fit.
    """

    def __init__(self, network: SpikingQNetwork, recipe: Recipe) -> None:
        self.initial = self.running = network
        self.recipe = recipe
        strategy = STRATEGIES[recipe.strategy]
        self.strategy = strategy(network, recipe.parameters, recipe.seed)
        self.guard = find_guard(recipe.guard, recipe.strategy)(network, recipe.guard_parameters)
        self.bounds = Bounds(network.weights, recipe.bounds, strategy.plastic)
        self.episode = self.rollbacks = 0
        self.recent: list[float] = []
        self.latest: dict[str, Any] = {}

    @property
    def deployed(self) -> SpikingQNetwork:
        """The network that the guard would put on the robot now."""
        return self.guard.deployed

    def retune(self, recipe: Recipe) -> None:
        """
        Take over the parameters of a recipe, from the next episode on.

        :raises RstdpError: they do not fit.
        """
        for part, parameters in zip((self.strategy, self.guard, self.bounds), recipe.tables):
            part.parameters = parameters

    @property
    def needs_trajectory(self) -> bool:
        """Whether :meth:`learn` needs joints and efforts."""
        return self.strategy.needs_trajectory

    @property
    def next_seed(self) -> int:
        """The seed that the next episode must start from."""
        return self.recipe.seed + self.episode

    def learn(self, rasters: np.ndarray, episode_return: float,
              trajectory: Trajectory | None = None, *, episode_id: str = '',
              seed: int | None = None) -> EpisodeRecord:
        """
        Learn from one episode that the running network played.

        :param rasters: (steps, T, h1 + h2) uint8, in the order of the observations.
        :param trajectory: with as many rows, if :attr:`needs_trajectory`.
        :param episode_id: goes into the new network's metadata.
        :param seed: goes there too; ``next_seed`` if None.
        :raises RstdpError: as for :meth:`propose` and :meth:`adopt`; the network is then
            unchanged.
        """
        lesson = self.propose(rasters, episode_return, trajectory)
        return self.adopt(lesson, episode_id, seed)

    def propose(self, rasters: np.ndarray, episode_return: float,
                trajectory: Trajectory | None = None) -> Lesson:
        """
        Ask the strategy what an episode teaches, which may take long.

        Only the strategy changes, so this may run in any thread; :meth:`adopt` must follow before
        anything else is done to this learner.

        :param rasters: as for :meth:`learn`, like the others.
        :raises RstdpError: a non-finite return, rasters or a trajectory that do not fit, or a
            failing strategy.
        """
        self._check(rasters, episode_return)
        trajectory = self._checked(trajectory, len(rasters))
        shown = Shown(self.running, rasters, episode_return, trajectory)
        return Lesson(shown, self._proposal(shown))

    def adopt(self, lesson: Lesson, episode_id: str = '', seed: int | None = None
              ) -> EpisodeRecord:
        """
        Continue with what an episode taught, within bounds and as the guard decides.

        :param episode_id: as for :meth:`learn`, like seed.
        :raises RstdpError: invalid weights, or a failing guard.
        """
        (before, rasters, episode_return, trajectory), proposal = lesson
        seed = self.next_seed if seed is None else seed
        origin = self._origin(seed, episode_return, episode_id, len(rasters))
        if trajectory:
            origin['end'] = trajectory.end
        proposed, bounded = self._made(proposal.weights, self.running, origin)
        preferred = proposal.deploy and self._made(proposal.deploy, self.deployed, origin)[0]
        with _named('guard', self.guard.name):
            self.running, event = self.guard.judge(episode_return, before, proposed, preferred)
        if not all(map(np.array_equal, self.running.weights, proposal.weights)):
            self.strategy.placed(self.running)
        event = ', '.join(filter(None, (event, 'bounded' if bounded else '', proposal.event)))
        self.recent = [*self.recent, episode_return][-MOVING_AVERAGE:]
        record = EpisodeRecord(
            self.episode, seed, episode_return,
            self.running.distance(before),
            sum(self.recent) / len(self.recent), self.guard.best_mean, event,
            self.running.digest, self.deployed.digest)
        self.latest = {**origin, 'event': event}
        self.episode += 1
        return record

    def _proposal(self, shown: Shown) -> Proposal:
        """Ask the strategy, which may be third-party code."""
        with _named('strategy', self.strategy.name):
            proposal = self.strategy.propose(shown)
            self._check_weights(shown.network.weights, proposal.weights)
            if proposal.deploy is not None:
                self._check_weights(shown.network.weights, proposal.deploy)
        return proposal

    def _check_weights(self, before: Weights, weights: Weights) -> None:
        name, shapes = self.strategy.name, [np.shape(w) for w in weights]
        if shapes != [w.shape for w in before]:
            raise RstdpError(f'strategy {name} proposes weights of shapes {shapes}')
        for i, (ours, theirs) in enumerate(zip(before, weights)):
            if i not in self.strategy.plastic and not np.array_equal(ours, theirs):
                raise RstdpError(f'strategy {name} changes W{i + 1}, which is not plastic')

    def _made(self, weights: Weights, before: SpikingQNetwork, origin: dict[str, Any]
              ) -> tuple[SpikingQNetwork, bool]:
        """
        Return a network within bounds and on the grid, and whether the bounds changed it.

        :param before: the network that this one takes the place of.
        """
        allowed = self.bounds.apply(before.weights, weights)
        bounded = any(a is not w for a, w in zip(allowed, weights))
        scales = before.scales
        if before.quantized:
            allowed, scales = zip(*(self._on_a_grid(layer, w, before)
                                    for layer, w in enumerate(allowed)))
        return before.replace(weights=allowed, scales=scales, metadata=origin), bounded

    def _on_a_grid(self, layer: int, w: np.ndarray, before: SpikingQNetwork
                   ) -> tuple[np.ndarray, float]:
        """Round what changed in a layer of an 8-bit network; return the layer and its scale."""
        if layer in self.strategy.rescaled:
            for known in (before, self.initial):
                if np.array_equal(w, known.weights[layer]):
                    return known.weights[layer], known.scales[layer]
            return on_own_grid(f'W{layer + 1}', w)
        if w is not before.weights[layer]:
            w = rounded(before, w, self.bounds.parameters.weight_rounding, self.recipe.seed,
                        self.episode, layer)
        return w, before.scales[layer]

    def roll_back(self) -> None:
        """Continue from the deployed network, immediately."""
        self.running = self.guard.roll_back()
        self.strategy.placed(self.running)
        self.rollbacks += 1

    def labelled(self, network: SpikingQNetwork) -> SpikingQNetwork:
        """
        Return the network with metadata about this run's progress.

        A network's own metadata tell how it was made, which is outdated if the guard went back to
        it or learning is over; observers of a run must hear of every episode.

        :param network: the running or the deployed one.
        """
        return network.replace(metadata={
            **network.metadata, **self.latest, 'learned': self.episode,
            'rollbacks': self.rollbacks, 'run_seed': self.recipe.seed,
            'running': self.running.digest, 'deployed': self.deployed.digest})

    def present_recipe(self) -> Recipe:
        """Return the recipe with the chosen guard and the parameters in force."""
        return replace(self.recipe, guard=self.guard.name).with_tables(
            *(part.parameters for part in (self.strategy, self.guard, self.bounds)))

    def _check(self, rasters: np.ndarray, episode_return: float) -> None:
        expected = self.running.raster_shape
        if rasters.ndim != 3 or rasters.shape[1:] != expected or len(rasters) == 0:
            raise RstdpError(f'rasters of shape {rasters.shape} do not fit the network: expected '
                             f'(steps, {expected[0]}, {expected[1]})')
        if not math.isfinite(episode_return):
            raise RstdpError(f'a return of {episode_return} teaches nothing')

    def _checked(self, trajectory: Trajectory | None, steps: int) -> Trajectory | None:
        """Return the part of a trajectory that the strategy may see."""
        if not self.needs_trajectory:
            return None
        rows = trajectory[:3] if trajectory else ()
        if {len(row) for row in rows} != {steps} or not all(np.isfinite(r).all() for r in rows):
            raise RstdpError(f'strategy {self.strategy.name} learns from joints and efforts too, '
                             f'which are not there for all {steps} observations')
        return trajectory

    def _origin(self, seed: int, episode_return: float, episode_id: str,
                observations: int) -> dict[str, Any]:
        """Return the next network's origin, for its metadata."""
        return {
            'made_by': 'rstdp_ros adapt', 'code_version': __version__,
            **self.present_recipe().to_json(), 'episode': self.episode,
            'seed': seed, 'episode_id': episode_id, 'return': episode_return,
            'observations': observations, 'parent': self.running.digest,
            'initial': self.initial.digest,
        }

    def state(self) -> dict[str, Any]:
        """Return all that the next update depends on; networks and plain values."""
        return {
            'initial': self.initial, 'running': self.running, 'seed': self.recipe.seed,
            'episode': self.episode, 'recent': list(self.recent),
            'rollbacks': self.rollbacks, 'latest': dict(self.latest),
            'rule': _part_state(self.strategy), 'guard': _part_state(self.guard),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned, completely or not at all.

        Parameters stay those of this learner: the caller decides how to continue. The guard is the
        state's unless one was named.

        :raises OtherRunError: a state of another run.
        :raises RstdpError: a state that no learner can have had.
        """
        strategy = deepcopy(self.strategy)
        with refusing('state'):
            guard = self._guard_for(state['guard']['name'])
            new = Learner(self.initial, self.recipe).state()
            self._check_run(state, guard)
            check_kinds('state', {**new, 'guard': _part_state(guard)}, state)
            check_networks(self.initial, strategy, state)
            episode, running, recent = (state[name] for name in ('episode', 'running', 'recent'))
            # Checkpoints of earlier releases lack these.
            rollbacks, latest = state.get('rollbacks', 0), dict(state.get('latest', {}))
            if not (0 <= episode < COUNTABLE and 0 <= rollbacks < COUNTABLE):
                raise RstdpError(f'episode {episode} after {rollbacks} rollbacks')
            strategy.restore(state['rule'])
            guard.restore(state['guard'])
            if guard.best_mean is not None:
                real('best mean', guard.best_mean)
            for network in (running, guard.deployed):
                if not isinstance(network, SpikingQNetwork):
                    raise RstdpError('a network is missing')
        self.strategy, self.guard = strategy, guard
        self.running, self.episode = running, episode
        self.recent, self.rollbacks, self.latest = list(recent), rollbacks, latest

    def _guard_for(self, name: str) -> Any:
        """Make the guard that a run began with, unless another one is requested."""
        parameters, cls = self.guard.parameters, type(self.guard)
        # One with its own parameters must be named: they would be unknown otherwise.
        if (self.recipe.guard == AUTO and name in GUARDS
                and GUARDS[name].Parameters is type(parameters)):
            cls = GUARDS[name]
        return cls(self.initial, parameters)

    def _check_run(self, state: dict[str, Any], guard: Any) -> None:
        """Refuse a state of a run that began with something else."""
        began, parameters = state['rule']['parameters'], self.strategy.parameters
        for what, ours, theirs in (
                ('initial network', self.initial.digest, state['initial'].digest),
                ('scales', self.initial.scales, state['initial'].scales),
                ('seed', self.recipe.seed, state['seed']),
                ('strategy', self.strategy.name, state['rule']['name']),
                ('guard', guard.name, state['guard']['name']),
                *((name, getattr(parameters, name), began[name])
                  for name, each in table(type(parameters)).items()
                  if each.effect == START_OF_RUN and name in began)):
            if ours != theirs:
                raise OtherRunError(f'it belongs to another run: {what} {theirs}, not {ours}')


@contextmanager
def _named(kind: str, name: str) -> Iterator[None]:
    """Say in one sentence whose code failed: it may be third-party code."""
    try:
        yield
    except RstdpError:
        raise
    except Exception as error:
        raise RstdpError(f'{kind} {name} failed: {type(error).__name__}: '
                         f'{shortened(error)}') from error


def _part_state(part: Any) -> dict[str, Any]:
    return {'name': part.name, 'parameters': asdict(part.parameters), **part.state()}


def make_learner(network: SpikingQNetwork, seed: int, parameters: Any = 'default',
                 strategy: str = 'rstdp', **choices: Any) -> Learner:
    """
    Build a learner from a preset's name or parameters.

    :param choices: further fields of :class:`Recipe`.
    :raises RstdpError: unknown names or parameters that do not fit.
    """
    if isinstance(parameters, str):
        parameters = STRATEGIES[strategy].preset(parameters, network.task)
    return Learner(network, Recipe(parameters, seed, strategy, **choices))
