"""
Time this package beside others that do the same: inference, evaluation, simulation.

Whatever is not installed is left out; ``make bench-peers`` installs all of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
import os
from pathlib import Path

from measuring import keep, ratio, scaled, taking_turns
import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.encoding import encode
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task, Task

MICROSECONDS = 1e6
SEED = 300_000_000
PLANTS, STEPS = 100, 200
Work = Callable[[], object]


class Torch:
    """The network in plain torch: batched matrix products, a loop over ticks."""

    def __init__(self, network: SpikingQNetwork) -> None:
        import torch
        self.torch, self.neuron = torch, network.neuron
        self.weights = [torch.tensor(w) for w in network.weights]

    def q_values(self, observations: np.ndarray) -> object:
        """
        Return Q-values.

        :param observations: (batch, values) float32.
        :return: (batch, actions) tensor.
        """
        torch, (w1, w2, w3) = self.torch, self.weights
        alpha, beta, threshold = self.neuron.membrane
        with torch.inference_mode():
            current = torch.from_numpy(encode(observations)) @ w1
            u1 = v1 = torch.zeros_like(current)
            u2 = v2 = torch.zeros((len(current), w2.shape[1]))
            u3 = v3 = torch.zeros((len(current), w3.shape[1]))
            for _ in range(self.neuron.ticks):
                u1 = alpha * u1 + current
                v1 = beta * v1 + u1
                s1 = (v1 > threshold).float()
                v1 = v1 * (1 - s1)
                u2 = alpha * u2 + s1 @ w2
                v2 = beta * v2 + u2
                s2 = (v2 > threshold).float()
                v2 = v2 * (1 - s2)
                u3 = alpha * u3 + s2 @ w3
                v3 = beta * v3 + u3
            return v3


def snntorch(network: SpikingQNetwork) -> Callable[[np.ndarray], object]:
    """Build it of snnTorch's neurons."""
    import snntorch
    import torch
    alpha, beta, threshold = network.neuron.membrane
    layers = [_linear(torch, w) for w in network.weights]
    neurons = [snntorch.Synaptic(alpha=alpha, beta=beta, threshold=level, reset_mechanism=reset)
               for level, reset in ((threshold, 'zero'), (threshold, 'zero'), (1e9, 'none'))]

    def q_values(observations: np.ndarray) -> object:
        with torch.inference_mode():
            current = layers[0](torch.from_numpy(encode(observations)))
            states = [neuron.init_synaptic() for neuron in neurons]
            for _ in range(network.neuron.ticks):
                x = current
                for i, neuron in enumerate(neurons):
                    spikes, *states[i] = neuron(layers[i](x) if i else x, *states[i])
                    x = spikes
            return states[-1][1]
    return q_values


def norse(network: SpikingQNetwork) -> Callable[[np.ndarray], object]:
    """Build it of Norse's cells, which have the same kind of current and potential."""
    from norse.torch import LICell, LIFCell, LIFParameters
    import torch
    layers = [_linear(torch, w) for w in network.weights]
    hidden = LIFParameters(v_th=torch.as_tensor(network.neuron.threshold))
    cells = [LIFCell(hidden), LIFCell(hidden), LICell()]

    def q_values(observations: np.ndarray) -> object:
        with torch.inference_mode():
            current = layers[0](torch.from_numpy(encode(observations)))
            states: list = [None, None, None]
            for _ in range(network.neuron.ticks):
                x = current
                for i, cell in enumerate(cells):
                    x, states[i] = cell(layers[i](x) if i else x, states[i])
            return x
    return q_values


def spikingjelly(network: SpikingQNetwork) -> Callable[[np.ndarray], object]:
    """Build it of SpikingJelly's neurons; they have no synaptic current, so they do less."""
    from spikingjelly.activation_based import functional, neuron
    import torch
    decay = 1.0 / (1.0 - network.neuron.beta)
    layers = [_linear(torch, w) for w in network.weights]
    hidden = [neuron.LIFNode(tau=decay, v_threshold=network.neuron.threshold, v_reset=0.0)
              for _ in range(2)]

    def q_values(observations: np.ndarray) -> object:
        with torch.inference_mode():
            for one in hidden:
                functional.reset_net(one)
            current, total = layers[0](torch.from_numpy(encode(observations))), 0.0
            for _ in range(network.neuron.ticks):
                total = network.neuron.beta * total + layers[2](
                    hidden[1](layers[1](hidden[0](current))))
            return total
    return q_values


def _linear(torch: object, w: np.ndarray) -> object:
    layer = torch.nn.Linear(*w.shape, bias=False)
    layer.weight = torch.nn.Parameter(torch.tensor(w.T.copy()))
    return layer


def inference(network: SpikingQNetwork) -> dict[str, Work]:
    """Return works that infer one observation."""
    seen = np.full((1, network.observation_size), 0.1, np.float32)
    works: dict[str, Work] = {'rstdp_ros': lambda: network.infer(seen[0])}
    for name, build in (('torch', lambda n: Torch(n).q_values), ('snntorch', snntorch),
                        ('norse', norse), ('spikingjelly', spikingjelly)):
        if find_spec(name):
            works[name] = lambda q_values=build(network): q_values(seen)
    return works


def evaluation(task: Task, network: SpikingQNetwork) -> dict[str, Work]:
    """Return works that play 100 episodes of 200 steps, or their share of it."""
    works: dict[str, Work] = {
        'rstdp_ros': lambda: task.returns(network, range(SEED, SEED + PLANTS))}
    if find_spec('torch'):
        model = Torch(network)
        seen = np.random.default_rng(0).normal(0, 0.1, (PLANTS, 4)).astype(np.float32)
        works['torch, 100 at once, no physics'] = lambda: [
            model.q_values(seen) for _ in range(STEPS)]
        if find_spec('gymnasium'):
            works['Gymnasium and torch, one of the 100'] = lambda: play(model)
    return works


def play(model: Torch) -> None:
    """Play one episode in Gymnasium's own environment."""
    import gymnasium
    env = gymnasium.make('CartPole-v1', max_episode_steps=STEPS)
    seen, _ = env.reset(seed=SEED)
    over = False
    while not over:
        action = int(model.q_values(seen[np.newaxis]).argmax())
        seen, _, terminated, truncated, _ = env.step(action)
        over = terminated or truncated


def stepping(task: Task) -> dict[str, Work]:
    """Return works that let 100 cart-poles go on for 200 steps under given actions."""
    generator = np.random.default_rng(0)
    actions = generator.integers(0, 2, (STEPS, PLANTS))
    starts, efforts = task.start_states(range(PLANTS)), 20.0 * actions.T - 10.0
    works: dict[str, Work] = {'rstdp_ros': lambda: task.drive(starts, None, efforts)}
    if find_spec('gymnasium'):
        import gymnasium
        for name, mode in (('Gymnasium, SyncVectorEnv', 'sync'),
                           ("Gymnasium's vectorised cart-pole", 'vector_entry_point')):
            envs = gymnasium.make_vec('CartPole-v1', num_envs=PLANTS, vectorization_mode=mode)
            envs.reset(seed=0)
            works[name] = lambda envs=envs: [envs.step(row) for row in actions]
    if find_spec('gymnax'):
        works['gymnax (jax, one call)'] = gymnax_steps(actions)
    return works


def gymnax_steps(actions: np.ndarray) -> Work:
    """Return the same steps in gymnax, all in one compiled call."""
    import gymnax
    import jax
    env, parameters = gymnax.make('CartPole-v1')
    keys = jax.random.split(jax.random.key(0), PLANTS)
    _, state = jax.vmap(env.reset, in_axes=(0, None))(keys, parameters)
    step = jax.vmap(env.step, in_axes=(0, 0, 0, None))

    @jax.jit
    def run(state: object, rows: object) -> object:
        def advance(state: object, row: object) -> tuple:
            _, state, reward, *_ = step(keys, state, row, parameters)
            return state, reward
        return jax.lax.scan(advance, state, rows)
    rows = jax.numpy.asarray(actions)
    return lambda: jax.block_until_ready(run(state, rows))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5, help='(default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='add the results to this file')
    options = parser.parse_args()
    # One core each: torch gains nothing from more at this size.
    os.environ['NUMBA_NUM_THREADS'] = '1'
    if find_spec('torch'):
        import torch
        torch.set_num_threads(1)
    task, network = get_task('cartpole'), SpikingQNetwork.load(model_path('cartpole_0'))
    parts = {'one inference': inference(network),
             '100 episodes of 200 steps': evaluation(task, network),
             '100 cart-poles, 200 steps': stepping(task)}
    results: dict[str, dict] = {}
    for part, works in parts.items():
        samples = taking_turns(works, options.rounds)
        results[part] = {name: {
            'us': scaled([_whole(name, s) for s in times], MICROSECONDS),
            'times ours': ratio(samples['rstdp_ros'], [_whole(name, s) for s in times])}
            for name, times in samples.items()}
        print(part)
        for name, known in results[part].items():
            print(f'  {name:38s} {known["us"]!s:32s} us, {known["times ours"]} times as long')
    keep(options.json, 'peers', results)


def _whole(name: str, seconds: float) -> float:
    """Return the time for all episodes, of which a slow work plays only one."""
    return seconds * PLANTS if name.endswith('one of the 100') else seconds


if __name__ == '__main__':
    main()
