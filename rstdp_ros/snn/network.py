"""The spiking Q-network as an immutable value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
import hashlib
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.snn import files, kernels
from rstdp_ros.snn.fixed import FixedPoint
from rstdp_ros.snn.layout import laid_out
from rstdp_ros.snn.neuron import Neuron
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.norms import norm
from rstdp_ros.support.plain import real


class Inference(NamedTuple):
    """
    The network's response to one observation.

    :param q_values: (actions,) float32.
    :param spikes: per hidden layer a (T, n) uint8 array of 0 and 1.
    :param raster: (T, h1 + h2) uint8, both layers side by side; ``spikes`` are views of it.
    """

    q_values: np.ndarray
    spikes: tuple[np.ndarray, np.ndarray]
    raster: np.ndarray

    @property
    def action(self) -> int:
        """Index of the greedy action; the lowest if Q-values are equal."""
        return int(self.q_values.argmax())


class SpikingQNetwork:
    """
    Two hidden layers of current-based leaky integrate-and-fire neurons and a silent readout.

    An instance is immutable: learning makes a new one (:meth:`replace`), so a digest always names
    the same weights.

    :param weights: W1 (inputs, h1), W2 (h1, h2), W3 (h2, actions), cast to float32.
    :param neuron: decays, threshold and ticks.
    :param task: name of the task that it was made for.
    :param action_efforts: the command of each action, N or N m; () for the task's.
    :param metadata: its origin; free JSON-like content that does not enter the digest.
    :param scales: one per weight matrix for a quantised network, which runs in fixed point
        (:mod:`rstdp_ros.snn.fixed`): its weights are 2 k / scale with whole k in -127..127.
    :raises RstdpError: wrong shapes, values that are not finite, weights that are not on the grid
        of their scale.
    :ivar fixed: the integers of a quantised network, else None.
    """

    def __init__(self, weights: Sequence[np.ndarray], neuron: Neuron, task: str,
                 action_efforts: Sequence[float] = (),
                 metadata: Mapping[str, Any] | None = None,
                 scales: Sequence[float] = ()) -> None:
        self.weights = tuple(_frozen(w) for w in weights)
        self.neuron = neuron
        self.task = str(task)
        self.action_efforts = tuple(real('an action effort', e) for e in action_efforts)
        self.metadata = dict(metadata or {})
        self.scales = tuple(real('a scale', scale) for scale in scales)
        self._check()
        self.fixed = (FixedPoint(self.weights, self.scales, *neuron.membrane)
                      if self.scales else None)
        # Every kernel takes the network as these arguments, in this order; their types select the
        # arithmetic.
        self.kernel_arguments = self.fixed.kernel_arguments if self.fixed else (
            *laid_out(self.weights), neuron.constants)
        self._arithmetic = self.kernel_arguments[0].dtype

    def _check(self) -> None:
        if len(self.weights) != 3 or any(w.ndim != 2 for w in self.weights):
            raise RstdpError('a network has three weight matrices, each (in, out); this one has '
                             f'shapes {[w.shape for w in self.weights]}')
        if any(0 in w.shape for w in self.weights):
            raise RstdpError(f'a weight matrix is empty: shapes {[w.shape for w in self.weights]}')
        for name, before, after in zip(('W2', 'W3'), self.weights, self.weights[1:]):
            if before.shape[1] != after.shape[0]:
                raise RstdpError(f'{name} has {after.shape[0]} rows, but the layer before it has '
                                 f'{before.shape[1]} neurons')
        if self.weights[0].shape[0] % 2:
            raise RstdpError(f'W1 has {self.weights[0].shape[0]} rows; the two-neuron encoding '
                             'needs an even number')
        for name, w in zip(('W1', 'W2', 'W3'), self.weights):
            if not np.isfinite(w).all():
                raise RstdpError(f'{name} holds a value that is not finite')
        efforts = self.action_efforts
        if efforts and len(efforts) != self.sizes[-1]:
            raise RstdpError(f'{len(efforts)} action efforts for {self.sizes[-1]} actions')

    def __deepcopy__(self, memo: dict[int, Any]) -> SpikingQNetwork:
        """Return itself: it is immutable."""
        return self

    @classmethod
    def load(cls, path: str | Path) -> SpikingQNetwork:
        """
        Read a network file.

        :raises NetworkFileError: missing, damaged, foreign or inconsistent file; names the file.
        """
        return cls.from_bytes(files.file_bytes(path), str(path))

    @classmethod
    def from_bytes(cls, data: bytes, source: str = 'network') -> SpikingQNetwork:
        """
        Read the bytes of a network file.

        :param source: what to call it in an error.
        :raises NetworkFileError: damaged, foreign or inconsistent content.
        """
        return files.read_network(cls, data, source)

    def save(self, path: str | Path) -> None:
        """
        Write a network file, completely or not at all.

        :raises NetworkFileError: it cannot be written there.
        """
        files.save_network(self, path)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Neurons per layer: (inputs, h1, h2, actions)."""
        return (self.weights[0].shape[0], *(w.shape[1] for w in self.weights))

    @property
    def observation_size(self) -> int:
        """Number of values in an observation: half the inputs."""
        return self.sizes[0] // 2

    @cached_property
    def raster_shape(self) -> tuple[int, int]:
        """Shape of the spikes of one observation: (T, h1 + h2)."""
        return self.neuron.ticks, sum(self.sizes[1:3])

    @property
    def quantized(self) -> bool:
        """Whether the network runs in fixed point."""
        return self.fixed is not None

    @property
    def unit(self) -> float:
        """The readout potential that corresponds to a Q-value of 1."""
        return self.fixed.unit if self.fixed else 1.0

    @property
    def integers(self) -> tuple[np.ndarray, ...]:
        """Mantissas of a quantised network: three even int32 arrays; () for any other."""
        return self.fixed.mantissas if self.fixed else ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over W1, W2, W3 as little-endian C-order float32 bytes, in hex."""
        sha = hashlib.sha256()
        for w in self.weights:
            sha.update(w.astype('<f4', copy=False).tobytes())
        return sha.hexdigest()

    def infer(self, observation: np.ndarray) -> Inference:
        """
        Present one observation for T ticks, starting from zero state.

        :param observation: (n,) numbers, cast to float32.
        :raises RstdpError: wrong shape, or a value that is not finite.
        """
        observation = self.checked(observation)
        _, h1, _, n_out = self.sizes
        raster = np.empty(self.raster_shape, np.uint8)
        q = np.empty(n_out, self._arithmetic)
        kernels.infer(observation, *self.kernel_arguments, raster, q)
        if self.fixed:
            q = self.fixed.q_values(q)
        return Inference(q, (raster[:, :h1], raster[:, h1:]), raster)

    def checked(self, observation: np.ndarray) -> np.ndarray:
        """
        Return an observation as (n,) float32.

        :raises RstdpError: wrong shape, or a value that is not finite.
        """
        observation = np.ascontiguousarray(observation, dtype=np.float32)
        if observation.shape != (self.observation_size,):
            raise RstdpError(f'an observation of shape {observation.shape} for a network that '
                             f'takes {self.observation_size} values')
        # For a robot's few values twice as fast as numpy.
        if not all(map(math.isfinite, observation.tolist())):
            raise RstdpError(f'observation {observation.tolist()} is not finite')
        return observation

    def q_values(self, observation: np.ndarray) -> np.ndarray:
        """
        Return the Q-values of one observation, (actions,) float32.

        :raises RstdpError: wrong shape.
        """
        return self.infer(observation).q_values

    def q_values_of(self, rasters: np.ndarray) -> np.ndarray:
        """
        Return the Q-values that result from spikes.

        :param rasters: (n, T, h1 + h2) uint8 of 0 and 1, of this very network.
        :return: (n, actions) float32.
        """
        *_, w3, neuron = self.kernel_arguments
        q = np.empty((len(rasters), self.sizes[-1]), self._arithmetic)
        kernels.read_outs(np.ascontiguousarray(rasters), w3, neuron, q)
        return self.fixed.q_values(q) if self.fixed else q

    def replace(self, **changes: Any) -> SpikingQNetwork:
        """
        Return a network that differs in some of the arguments of the constructor.

        :param changes: such as ``weights=(w1, w2, w3)``, on the grid of its scales if it is
            quantised, or ``metadata``.
        :raises RstdpError: as for any network.
        """
        own = {name: getattr(self, name) for name in (
            'weights', 'neuron', 'task', 'action_efforts', 'metadata', 'scales')}
        return SpikingQNetwork(**{**own, **changes})

    @property
    def vector(self) -> np.ndarray:
        """All weights side by side, float32."""
        return np.concatenate([w.ravel() for w in self.weights])

    def distance(self, other: SpikingQNetwork) -> float:
        """Return the norm of the difference over all weights."""
        return norm(*(ours - theirs for ours, theirs in zip(self.weights, other.weights)))

    def __repr__(self) -> str:
        """Show task, sizes and digest."""
        kind = ', 8 bits' if self.quantized else ''
        return f'SpikingQNetwork({self.task}, {list(self.sizes)}, {short(self.digest)}{kind})'


def _frozen(w: np.ndarray) -> np.ndarray:
    """Return a read-only float32 copy in C order."""
    try:
        w = np.array(w, dtype=np.float32, order='C')
    except (TypeError, ValueError):
        raise RstdpError('a weight matrix does not hold numbers') from None
    w.setflags(write=False)
    return w
