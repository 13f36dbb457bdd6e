"""Networks as NIR graphs."""

from __future__ import annotations

import io
from itertools import pairwise
import json
from typing import Any

import numpy as np

from rstdp_ros.exchange.nir_convention import DT, INPUT, load_nir, NEVER, OUTPUT, TICK_ORDER
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError

READOUTS = ('CubaLI', 'CubaLIF')


def nir_to_bytes(network: SpikingQNetwork, readout: str = 'CubaLI') -> bytes:
    """
    Return the bytes of an NIR file.

    :param readout: 'CubaLI', the exact form, or a 'CubaLIF' that never fires, for readers without
        CubaLI.
    :raises RstdpError: nir is missing, or the network has what NIR cannot tell.
    """
    buffer = io.BytesIO()
    load_nir().write(buffer, network_to_graph(network, readout))
    return buffer.getvalue()


def network_to_graph(network: SpikingQNetwork, readout: str = 'CubaLI') -> Any:
    """
    Return the network as a ``nir.NIRGraph``.

    :param readout: see :func:`nir_to_bytes`.
    :raises RstdpError: nir is missing, or the network has what NIR cannot tell.
    """
    nir = load_nir()
    if readout not in READOUTS:
        raise RstdpError(f'unknown readout {readout!r}; known are {", ".join(READOUTS)}')
    if getattr(network, 'scales', ()):
        raise RstdpError('an 8-bit network cannot be told in NIR; convert the float32 network it '
                         'came from')

    neuron = network.neuron

    def linear(index: int) -> Any:
        return nir.Linear(np.ascontiguousarray(network.weights[index].T))  # NIR's are (out, in)

    def integrator(size: int) -> dict[str, np.ndarray]:
        synapse, membrane = 1.0 / (1.0 - neuron.alpha), 1.0 / (1.0 - neuron.beta)
        return {name: np.full(size, value) for name, value in (
            ('tau_syn', DT * synapse), ('tau_mem', DT * membrane), ('r', membrane),
            ('w_in', synapse), ('v_leak', 0.0))}

    def spiking(size: int, threshold: float) -> Any:
        return nir.CubaLIF(**integrator(size), v_threshold=np.full(size, threshold),
                           v_reset=np.zeros(size))

    inputs, h1, h2, actions = network.sizes
    nodes = {
        'input': nir.Input(np.array([inputs])),
        'w1': linear(0), 'hidden1': spiking(h1, neuron.threshold),
        'w2': linear(1), 'hidden2': spiking(h2, neuron.threshold),
        'w3': linear(2), 'readout': (nir.CubaLI(**integrator(actions)) if readout == 'CubaLI'
                                     else spiking(actions, NEVER)),
        'output': nir.Output(np.array([actions])),
    }
    return nir.NIRGraph(nodes, list(pairwise(nodes)), metadata=_metadata(network))


def _metadata(network: SpikingQNetwork) -> dict[str, Any]:
    """Return what the graph cannot express; flat, since older releases of nir read no nesting."""
    return {
        'task': network.task, 'ticks': network.neuron.ticks, 'dt': DT, 'tick_order': TICK_ORDER,
        'input': INPUT, 'output': OUTPUT, 'alpha': network.neuron.alpha,
        'beta': network.neuron.beta,
        'action_efforts': np.array(network.action_efforts), 'digest': network.digest,
        'origin': json.dumps(network.metadata),
    }
