"""NIR graphs as networks: a feed-forward chain with the same constants everywhere."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from rstdp_ros.exchange.child import unpack
from rstdp_ros.exchange.foreign import Facts, find_task, make_network, MAX_BYTES, origin
from rstdp_ros.exchange.nir_chain import check_silence, read_chain
from rstdp_ros.exchange.nir_convention import DT, load_nir, TICK_ORDER
from rstdp_ros.snn import Neuron, SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import read_file, refusing, shortened


def read_nir(path: Path, facts: Facts) -> SpikingQNetwork:
    """
    Read an NIR file.

    :param facts: task, ticks and dt, if its metadata lack them.
    :raises RstdpError: nir is missing, or the file is missing, damaged or not a network of a task.
    """
    data = read_file(path, MAX_BYTES)
    load_nir()
    try:
        with refusing('a field of a node or of the metadata'):
            return graph_to_network(unpack('nir_file', data), facts, origin(path))
    except RstdpError as error:
        raise RstdpError(f'{path}: {shortened(error)}') from None


def graph_to_network(graph: Any, facts: Facts,
                     default_origin: Mapping[str, Any]) -> SpikingQNetwork:
    """
    Turn a ``nir.NIRGraph`` into a network.

    :param facts: task, ticks and dt, if its metadata lack them.
    :param default_origin: the network's metadata, if the graph has none.
    :raises RstdpError: it is not a network of a task; names the node and the reason.
    """
    known = graph.metadata
    if known.get('tick_order', TICK_ORDER) != TICK_ORDER:
        raise RstdpError(f'ticks of another order: {known["tick_order"]!r}; this release has '
                         f'only {TICK_ORDER!r}')
    ticks = _agreed('ticks', facts.ticks, known, int)
    dt = _agreed('dt', facts.dt, known, float)
    chain = read_chain(graph, DT if dt is None else dt, assumed=dt is None)
    task = find_task(_agreed('task', facts.task, known, str), chain.weights)
    if ticks is None:
        raise RstdpError('does not say how many ticks an observation takes; name it with --ticks')
    neuron = Neuron(_exact('alpha', chain.alpha, known), _exact('beta', chain.beta, known),
                    chain.threshold, ticks)
    made = json.loads(known['origin']) if 'origin' in known else dict(default_origin)
    efforts = known.get('action_efforts', task.robot.efforts)
    network = make_network(chain.weights, neuron, task, efforts, made)
    check_silence(chain, ticks)
    if known.get('digest', network.digest) != network.digest:
        raise RstdpError(f'the weights are not those of digest {known["digest"]} that the '
                         'metadata name; if they were changed on purpose, remove it there')
    return network


def _agreed(name: str, said: Any, known: Mapping[str, Any], kind: type) -> Any:
    """Return the value from the metadata or the options, or None; they must not differ."""
    if name not in known:
        return said
    try:
        value = kind(known[name])
        if value != known[name]:
            raise ValueError
    except (TypeError, ValueError):
        raise RstdpError(f'the metadata say {name} = {known[name]!r}, which it cannot '
                         'be') from None
    if said not in (None, value):
        raise RstdpError(f'--{name} {said} differs from {value}, which the metadata say')
    return value


def _exact(name: str, rounded: float, known: Mapping[str, Any]) -> float:
    """Return a decay as stated in the metadata, since the time constant has rounded it."""
    value = _agreed(name, None, known, float)
    if value is None:
        return rounded
    if abs(value - rounded) > 1e-6:
        raise RstdpError(f'the metadata say {name} = {value}, the neurons {rounded}')
    return value
