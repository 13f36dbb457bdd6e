"""The chain of nodes that an NIR graph must be, and what its nodes define."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.support.errors import RstdpError

LINEAR = ('Linear', 'Affine')
SPIKING = ('CubaLIF', 'LIF')
READOUT = ('CubaLI', 'LI', *SPIKING)
PATTERN = (('Input',), LINEAR, SPIKING, LINEAR, SPIKING, LINEAR, READOUT, ('Output',))
TOLERANCE = 1e-5


class Chain(NamedTuple):
    """
    A chain in the network's terms.

    :param weights: W1, W2, W3, each (in, out).
    :param readout: name of the readout's node.
    :param readout_threshold: infinite if it has none.
    """

    weights: list[np.ndarray]
    alpha: float
    beta: float
    threshold: float
    readout: str
    readout_threshold: float


class Neurons(NamedTuple):
    """
    The constants shared by a layer of neurons.

    :param gain: factor on the input before it is integrated.
    :param threshold: infinite if it never spikes.
    """

    alpha: float
    beta: float
    threshold: float
    gain: float


def read_chain(graph: Any, dt: float, assumed: bool) -> Chain:
    """
    Read Input, three times linear and neurons, Output.

    LIF and LI are treated as CubaLIF and CubaLI without synaptic memory, alpha = 0.

    :param graph: a ``nir.NIRGraph``, its types unchecked.
    :param dt: seconds per tick.
    :param assumed: whether dt was not stated; then every gain must be 1, which confirms it.
    :raises RstdpError: anything else; names the node.
    """
    if not 0.0 < dt < math.inf:
        raise RstdpError(f'dt = {dt} is not a positive number of seconds')
    names = _order(graph)
    _check_kinds([(name, type(graph.nodes[name]).__name__) for name in names])
    weights = [_weights(name, graph.nodes[name]) for name in names[1:6:2]]
    layers = [_neurons(name, graph.nodes[name], w.shape[1], dt)
              for name, w in zip(names[2:7:2], weights)]
    for i, (name, layer) in enumerate(zip(names[2:7:2], layers)):
        _check_alike(name, layer, names[2], layers[0], readout=i == 2)
        if not math.isclose(layer.gain, 1.0, rel_tol=TOLERANCE):
            if assumed:
                raise RstdpError(f'node {name!r} has a gain of {layer.gain:g} if a tick takes '
                                 f'{dt:g} s; name the duration with --dt')
            weights[i] = weights[i] * layer.gain
    alpha, beta, threshold, _ = layers[0]
    return Chain(weights, alpha, beta, threshold, names[6], layers[2].threshold)


def _order(graph: Any) -> list[str]:
    """Follow the edges from the input, refusing branches, loops and unconnected nodes."""
    successors: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for a, b in graph.edges:
        for name in (a, b):
            if name not in successors:
                raise RstdpError(f'an edge names node {name!r}, which does not exist')
        successors[a].append(b)
    inputs = [name for name, node in graph.nodes.items() if type(node).__name__ == 'Input']
    if len(inputs) != 1:
        raise RstdpError(f'{len(inputs)} Input nodes; a network here has one')
    order = inputs
    while following := successors[order[-1]]:
        if len(following) > 1 or following[0] in order:
            raise RstdpError(f'node {order[-1]!r} leads to {", ".join(map(repr, following))}; a '
                             'network here is a chain without branches or loops')
        order.append(following[0])
    aside = [name for name in graph.nodes if name not in order]
    if aside:
        raise RstdpError(f'node {aside[0]!r} is not on the chain from the input')
    return order


def _check_kinds(chain: list[tuple[str, str]]) -> None:
    for (name, kind), expected in zip(chain, PATTERN):
        if kind not in expected:
            raise RstdpError(f'node {name!r} is {kind}, where a network here has '
                             f'{" or ".join(expected)}')
    if len(chain) != len(PATTERN):
        raise RstdpError(f'node {chain[-1][0]!r} ends a chain of {len(chain)} nodes; a network '
                         f'here has {len(PATTERN)}: Input, three times linear and neurons, Output')


def _weights(name: str, node: Any) -> np.ndarray:
    """Return the weights of a linear node, (in, out); NIR's are (out, in)."""
    if node.weight.ndim != 2 or node.weight.dtype.kind != 'f':
        raise RstdpError(f'node {name!r} has weights of shape {node.weight.shape} and type '
                         f'{node.weight.dtype}; a matrix of floating-point numbers is expected')
    if np.any(getattr(node, 'bias', 0) != 0):
        raise RstdpError(f'node {name!r} has a bias that is not zero; neurons here have none')
    return node.weight.T


def _neurons(name: str, node: Any, size: int, dt: float) -> Neurons:
    """Return the constants shared by all neurons of a node, ``size`` of them."""
    def common(field: str, default: float) -> float:
        values = np.asarray(getattr(node, field, default), np.float64)
        if values.size not in (1, size):
            raise RstdpError(f'node {name!r} has {values.size} neurons, but {size} inputs')
        if np.any(values != values.flat[0]):
            raise RstdpError(f'node {name!r} has not one {field} for all of its neurons')
        return float(values.flat[0])

    for field in ('v_leak', 'v_reset'):
        if common(field, 0.0) != 0.0:
            raise RstdpError(f'node {name!r} has {field} = {common(field, 0.0):g}; it is 0 here')
    tau_syn = common('tau_syn', dt)
    tau_mem = common('tau_mem' if hasattr(node, 'tau_mem') else 'tau', dt)
    for field, tau in (('synaptic', tau_syn), ('membrane', tau_mem)):
        if not dt * (1 - TOLERANCE) <= tau < math.inf:
            raise RstdpError(f'node {name!r} has a {field} time constant of {tau:g} s, which is '
                             f'not at least a tick of {dt:g} s')
    gain = common('w_in', 1.0) * dt / tau_syn * common('r', 1.0) * dt / tau_mem
    if not 0.0 < gain < math.inf:
        raise RstdpError(f'node {name!r} has a gain of {gain:g}, which is not positive')
    return Neurons(_decay(dt, tau_syn), _decay(dt, tau_mem), common('v_threshold', math.inf), gain)


def _decay(dt: float, tau: float) -> float:
    """
    Return 1 - dt / tau, with the rounding error removed.

    Networks compute in float32: the shortest number with the same float32 value, such as 0.8, is
    what the author wrote.
    """
    return float(str(np.float32(max(0.0, 1.0 - dt / tau))))


def _check_alike(name: str, layer: Neurons, first_name: str, first: Neurons,
                 readout: bool) -> None:
    """Refuse a layer whose constants differ from the first layer's."""
    for field in ('alpha', 'beta') if readout else ('alpha', 'beta', 'threshold'):
        here, there = getattr(layer, field), getattr(first, field)
        if not math.isclose(here, there, rel_tol=1e-6):
            raise RstdpError(f'node {name!r} has {field} = {here:g}, but {first_name!r} has '
                             f'{there:g}; a network here has the same everywhere')


def check_silence(chain: Chain, ticks: int) -> None:
    """
    Refuse a readout that can spike: its potential must be the Q-value.

    :param ticks: per observation.
    :raises RstdpError: some input could bring it above its threshold.
    """
    u = v = 0.0
    # The strongest possible input: every excitatory synapse in every tick.
    strongest = float(np.maximum(chain.weights[2], 0).sum(axis=0).max())
    for _ in range(ticks):
        u = chain.alpha * u + strongest
        v = chain.beta * v + u
    if not v <= chain.readout_threshold:
        raise RstdpError(f'node {chain.readout!r} can spike: its potential may get to {v:.3g}, '
                         f'its threshold is {chain.readout_threshold:g}; a readout here never '
                         'does')
