"""The object that learns: a network, a rule and a guard, advanced one episode at a time."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, dataclass, field
import math
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros import __version__
from rstdp_ros.errors import RstdpError
from rstdp_ros.plain import real, whole
from rstdp_ros.plasticity.bounds import Bounds, BoundsParameters
from rstdp_ros.plasticity.controls import (
    IndependentPerturbations,
    OppositeSign,
    PermutedUpdates,
    RandomUpdates,
    ShuffledUpdates,
)
from rstdp_ros.plasticity.guard import GuardParameters, NoGuard, SnapshotGuard
from rstdp_ros.plasticity.parameters import preset, RSTDPParameters
from rstdp_ros.plasticity.recheck import RecheckGuard
from rstdp_ros.plasticity.restoring import check_kinds, check_networks, OtherRunError
from rstdp_ros.plasticity.rounding import rounded
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.plasticity.silence import silence
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.untrusted import refusing

# A new strategy is one new file and its name here.
DETERMINISTIC = (RSTDP, OppositeSign)
SEEDED = (RandomUpdates, IndependentPerturbations, ShuffledUpdates, PermutedUpdates)
RULES = {rule.name: rule for rule in (*DETERMINISTIC, *SEEDED)}
GUARDS = {guard.name: guard for guard in (RecheckGuard, SnapshotGuard, NoGuard)}
# The guard that a run began with, so that old runs go on as they were; RecheckGuard in a new one.
AUTO = 'auto'
MOVING_AVERAGE = 10
# No run has so many episodes.
COUNTABLE = 10**12


@dataclass(frozen=True)
class Recipe:
    """
    How a run learns.

    :param parameters: of the rule.
    :param seed: episode i starts from seed + i.
    :param rule: a name in ``RULES``.
    :param guard: a name in ``GUARDS``, or ``AUTO``.
    :param bounds: how far the weights may go.
    """

    parameters: RSTDPParameters
    seed: int
    rule: str = 'rstdp'
    guard: str = AUTO
    guard_parameters: GuardParameters = field(default_factory=GuardParameters)
    bounds: BoundsParameters = field(default_factory=BoundsParameters)


class EpisodeRecord(NamedTuple):
    """
    What an episode of adaptation made.

    :param episode: its index, from 0; its start is that of ``seed``.
    :param weight_change: norm of the difference between the networks before and after.
    :param moving_average: mean of the latest ten returns.
    :param best: the guard's best mean, None before its first judgement.
    :param event: what guard and bounds did, '' for nothing.
    :param digest: of the network to go on with; ``deployed_digest`` of the one to deploy.
    """

    episode: int
    seed: int
    episode_return: float
    weight_change: float
    moving_average: float
    best: float | None
    event: str
    digest: str
    deployed_digest: str

    def to_json(self) -> dict[str, Any]:
        """Return the fields under their public names."""
        fields = self._asdict()
        return {'return' if name == 'episode_return' else name: fields[name] for name in fields}

    @classmethod
    def from_json(cls, fields: Any) -> EpisodeRecord:
        """
        Undo :meth:`to_json`.

        :raises RstdpError: something else.
        """
        with refusing('episode record'):
            record = cls(**{'episode_return' if name == 'return' else name: value
                            for name, value in fields.items()})
            if not all(isinstance(text, str) for text in record[-3:]):
                raise RstdpError('event and digests must be texts')
            return record._replace(
                **{name: whole(name, getattr(record, name)) for name in ('episode', 'seed')},
                **{name: real(name, getattr(record, name)) for name in (
                    'episode_return', 'weight_change', 'moving_average')},
                best=record.best if record.best is None else real('best', record.best))

    def __str__(self) -> str:
        """Say it in a line for a person who watches."""
        best = '  --  ' if self.best is None else f'{self.best:6.1f}'
        return (f'episode {self.episode:4d}   return {self.episode_return:6.1f}   '
                f'mean of 10 {self.moving_average:6.1f}   best mean {best}   '
                f'weight change {self.weight_change:.4f}   {self.event}').rstrip()


class Learner:
    """
    Network, rule and guard; equal episodes make equal networks, bit for bit.

    :param network: what the run starts with.
    :param recipe: how it learns.
    :raises RstdpError: a rule or guard that does not exist, or parameters that do not fit.
    """

    def __init__(self, network: SpikingQNetwork, recipe: Recipe) -> None:
        guard = RecheckGuard.name if recipe.guard == AUTO else recipe.guard
        for kind, name, known in (('rule', recipe.rule, RULES), ('guard', guard, GUARDS)):
            if name not in known:
                raise RstdpError(f'unknown {kind} {name!r}; known are {", ".join(known)}')
        self.initial = self.running = network
        self.recipe = recipe
        rule = RULES[recipe.rule]
        seed = (recipe.seed,) if rule in SEEDED else ()
        self.rule = rule(network, recipe.parameters, *seed)
        self.guard = GUARDS[guard](network, recipe.guard_parameters)
        self.bounds = Bounds(network.weights[1], recipe.bounds)
        self.episode = self.rollbacks = 0
        self.recent: list[float] = []
        self.latest: dict[str, Any] = {}

    @property
    def deployed(self) -> SpikingQNetwork:
        """The network that the guard would put on the robot now."""
        return self.guard.deployed

    @property
    def next_seed(self) -> int:
        """The seed that the next episode must start from."""
        return self.recipe.seed + self.episode

    def learn(self, rasters: np.ndarray, episode_return: float,
              episode_id: str = '', seed: int | None = None) -> EpisodeRecord:
        """
        Take up one episode that the running network played.

        :param rasters: (steps, T, h1 + h2) uint8, in the order of the observations.
        :param episode_id: goes into the new network's metadata.
        :param seed: likewise; ``next_seed`` if None.
        :raises RstdpError: a return that is not finite, or rasters that do not fit; nothing has
            changed then.
        """
        self._check(rasters, episode_return)
        before, seed = self.running, self.next_seed if seed is None else seed
        self.rule.begin_episode()
        self.rule.observe_rasters(rasters)
        base = self.initial if self.rule.starts_over else before
        wanted = base.weights[1] + self.rule.weight_change(episode_return)
        allowed = w2 = self.bounds.apply(before.weights[1], wanted)
        if before.quantized:
            w2 = rounded(before, allowed, self.bounds.parameters.weight_rounding,
                         self.recipe.seed, self.episode)
        origin = self._origin(seed, episode_return, episode_id, len(rasters))
        w1, _, w3 = before.weights
        proposed = before.replace(weights=(w1, w2, w3), metadata=origin)
        self.running, event = self.guard.judge(episode_return, before, proposed)
        event = ', '.join(filter(None, (
            event, '' if allowed is wanted else 'bounded',
            silence(rasters, before.sizes[1]) if np.array_equal(wanted, base.weights[1]) else '')))
        self.recent = [*self.recent, episode_return][-MOVING_AVERAGE:]
        record = EpisodeRecord(
            self.episode, seed, episode_return,
            self.running.distance(before),
            sum(self.recent) / len(self.recent), self.guard.best_mean, event,
            self.running.digest, self.deployed.digest)
        self.latest = {**origin, 'event': event}
        self.episode += 1
        return record

    def roll_back(self) -> None:
        """Go on from the deployed network, now."""
        self.running = self.guard.roll_back()
        self.rollbacks += 1

    def labelled(self, network: SpikingQNetwork) -> SpikingQNetwork:
        """
        Return the network with metadata that say where this run stands.

        A network's own metadata tell how it was made, which is old news where the guard went back
        to it or learning is over; whoever follows a run must hear of every episode.

        :param network: the running or the deployed one.
        """
        return network.replace(metadata={
            **network.metadata, **self.latest, 'learned': self.episode,
            'rollbacks': self.rollbacks, 'run_seed': self.recipe.seed,
            'running': self.running.digest, 'deployed': self.deployed.digest})

    def _check(self, rasters: np.ndarray, episode_return: float) -> None:
        expected = self.running.raster_shape
        if rasters.ndim != 3 or rasters.shape[1:] != expected or len(rasters) == 0:
            raise RstdpError(f'rasters of shape {rasters.shape} do not fit the network: expected '
                             f'(steps, {expected[0]}, {expected[1]})')
        if not math.isfinite(episode_return):
            raise RstdpError(f'a return of {episode_return} teaches nothing')

    def _origin(self, seed: int, episode_return: float, episode_id: str,
                observations: int) -> dict[str, Any]:
        """Say where the next network comes from."""
        return {
            'made_by': 'rstdp_ros adapt', 'code_version': __version__, 'rule': self.rule.name,
            'parameters': asdict(self.rule.parameters),
            'guard': self.guard.name, 'guard_parameters': asdict(self.guard.parameters),
            'bounds': asdict(self.bounds.parameters), 'episode': self.episode,
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
            'rule': {'name': self.rule.name, 'parameters': asdict(self.rule.parameters),
                     **self.rule.state()},
            'guard': _guard_state(self.guard),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned, all of it or nothing.

        Parameters stay those of this learner: whoever starts it says how to go on. The guard is
        that of the state where nobody named one.

        :raises OtherRunError: a state of another run.
        :raises RstdpError: a state that no learner can have had.
        """
        rule = deepcopy(self.rule)
        with refusing('state'):
            guard = self._guard_for(state['guard']['name'])
            new = Learner(self.initial, self.recipe).state()
            check_kinds('state', {**new, 'guard': _guard_state(guard)}, state)
            self._check_run(state, guard)
            check_networks(self.initial, state)
            episode, running, recent = (state[name] for name in ('episode', 'running', 'recent'))
            # Checkpoints of earlier releases lack them.
            rollbacks, latest = state.get('rollbacks', 0), dict(state.get('latest', {}))
            if not (0 <= episode < COUNTABLE and 0 <= rollbacks < COUNTABLE):
                raise RstdpError(f'episode {episode} after {rollbacks} rollbacks')
            rule.restore(state['rule'])
            guard.restore(state['guard'])
            if guard.best_mean is not None:
                real('best mean', guard.best_mean)
            for network in (running, guard.deployed):
                if not isinstance(network, SpikingQNetwork):
                    raise RstdpError('a network is missing')
        self.rule, self.guard, self.running, self.episode = rule, guard, running, episode
        self.recent, self.rollbacks, self.latest = list(recent), rollbacks, latest

    def _guard_for(self, name: str) -> Any:
        """Make the guard that a run began with, unless another one is asked for."""
        guard = name if self.recipe.guard == AUTO and name in GUARDS else self.guard.name
        return GUARDS[guard](self.initial, self.guard.parameters)

    def _check_run(self, state: dict[str, Any], guard: Any) -> None:
        for what, ours, theirs in (
                ('initial network', self.initial.digest, state['initial'].digest),
                ('scales', self.initial.scales, state['initial'].scales),
                ('seed', self.recipe.seed, state['seed']),
                ('rule', self.rule.name, state['rule']['name']),
                ('guard', guard.name, state['guard']['name'])):
            if ours != theirs:
                raise OtherRunError(f'it belongs to another run: {what} {theirs}, not {ours}')


def _guard_state(guard: Any) -> dict[str, Any]:
    return {'name': guard.name, 'parameters': asdict(guard.parameters), **guard.state()}


def make_learner(network: SpikingQNetwork, seed: int, parameters: str | RSTDPParameters,
                 **choices: Any) -> Learner:
    """
    Build a learner from a preset's name or parameters.

    :param choices: further fields of :class:`Recipe`.
    :raises RstdpError: unknown names or parameters that do not fit.
    """
    if isinstance(parameters, str):
        parameters = preset(parameters, network.task)
    return Learner(network, Recipe(parameters, seed, **choices))
