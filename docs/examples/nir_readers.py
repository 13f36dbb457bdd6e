"""
Run a network in another system by its NIR file, and compare spikes with the network's own.

    rstdp_ros convert cartpole_0 cartpole_0.nir --readout CubaLIF
    python docs/examples/nir_readers.py snntorch cartpole_0 cartpole_0.nir

Needs the system (snntorch and nirtorch, spikingjelly, or norse) and nir.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import nir
import numpy as np
import torch

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.encoding import encode
from rstdp_ros.support.resources import model_path

HIDDEN = ('hidden1', 'hidden2')


def read_by_snntorch(graph: nir.NIRGraph) -> tuple[torch.nn.Module, Callable]:
    """Return a module, and a function from (module, its state) to the readout's potential."""
    from snntorch.import_nir import import_from_nir
    return import_from_nir(graph), lambda module, state: module.get_submodule('readout').mem


def read_by_spikingjelly(graph: nir.NIRGraph) -> tuple[torch.nn.Module, Callable]:
    """See :func:`read_by_snntorch`."""
    from spikingjelly.activation_based.nir_exchange import import_from_nir
    return import_from_nir(graph), lambda module, state: state['readout'][0]


def read_by_norse(graph: nir.NIRGraph) -> tuple[torch.nn.Module, Callable]:
    """See :func:`read_by_snntorch`; norse wants to be told the duration of a tick."""
    from norse.torch import from_nir
    module = from_nir(graph, dt=float(graph.metadata['dt']))
    return module, lambda module, state: state.state['readout'][0][1].v


READERS = {'snntorch': read_by_snntorch, 'spikingjelly': read_by_spikingjelly,
           'norse': read_by_norse}


def run(system: str, path: str, observations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Present observations to a network as another system reads it.

    :param observations: (n, size) float32.
    :return: (n, T, h1 + h2) uint8 spikes and (n, actions) Q-values.
    """
    graph = nir.read(path)
    module, potential = READERS[system](graph)
    spikes: dict[str, list] = {name: [] for name in HIDDEN}

    def recorder(name: str) -> Callable:
        def record(module: Any, arguments: Any, output: Any) -> None:
            spikes[name].append(output[0] if isinstance(output, tuple) else output)
        return record

    for name in HIDDEN:
        module.get_submodule(name).register_forward_hook(recorder(name))
    inputs, state = torch.from_numpy(encode(observations)), None
    with torch.no_grad():
        for _ in range(int(graph.metadata['ticks'])):
            _, state = module(inputs, state)  # the same input in every tick
    ticks = [torch.cat(tick, dim=1).numpy() for tick in zip(*spikes.values())]
    return np.stack(ticks, axis=1).astype(np.uint8), potential(module, state).numpy()


def draw(network: SpikingQNetwork, count: int, seed: int = 5) -> np.ndarray:
    """Draw observations that make neurons spike neither always nor never."""
    generator = np.random.default_rng(seed)
    return generator.normal(0, 0.5, (count, network.observation_size)).astype(np.float32)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('system', choices=READERS)
    parser.add_argument('network', help='network file, or the name of a shipped one')
    parser.add_argument('file', help='the same network as .nir')
    parser.add_argument('--observations', type=int, default=1000)
    options = parser.parse_args()
    network = SpikingQNetwork.load(model_path(options.network))
    observations = draw(network, options.observations)
    rasters, q_values = run(options.system, options.file, observations)
    own = [network.infer(observation) for observation in observations]
    expected = np.array([inference.raster for inference in own])
    expected_q = np.array([inference.q_values for inference in own])
    print(f'{options.system}, {options.network}: {np.count_nonzero(rasters != expected)} of '
          f'{expected.size} raster values differ ({expected.mean():.0%} are spikes), '
          f'{np.count_nonzero(q_values.argmax(1) != expected_q.argmax(1))} of {len(own)} actions, '
          f'Q-values by at most {np.abs(q_values - expected_q).max():.1e}')


if __name__ == '__main__':
    main()
