"""Networks to and from other systems, which compute the same, and the command for it."""

import io
import json
from pathlib import Path

from networks import random_network
import numpy as np
from places import ROOT
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.exchange.foreign import Facts
from rstdp_ros.exchange.formats import read_network, write_network
from rstdp_ros.exchange.nir_writing import nir_to_bytes
from rstdp_ros.snn import Neuron, SpikingQNetwork
from rstdp_ros.snn.encoding import encode
from rstdp_ros.snn.files import network_to_bytes
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import TASKS

nir = pytest.importorskip('nir')

SHIPPED = [f'{task}_{i}' for task in TASKS for i in range(3)]


def load(name):
    return SpikingQNetwork.load(share_path(f'models/{name}.npz'))


def ours(network, inputs):
    """Return the rasters and Q-values of the network itself."""
    inferences = [network.infer(observation) for observation in inputs]
    rasters = np.array([inference.raster for inference in inferences])
    assert 0.05 < rasters.mean() < 0.95
    return rasters, np.array([inference.q_values for inference in inferences])


@pytest.mark.parametrize('name', SHIPPED)
def test_a_shipped_network_comes_back_from_nir_byte_by_byte(name, tmp_path, capsys):
    there, back = tmp_path / 'there.nir', tmp_path / 'back.npz'
    assert main(['convert', name, str(there)]) == 0
    assert main(['convert', str(there), str(back)]) == 0
    assert back.read_bytes() == share_path(f'models/{name}.npz').read_bytes()
    assert load(name).digest in capsys.readouterr().out


@pytest.mark.parametrize('alpha, beta, threshold, readout', [
    (0.0, 0.0, 1e-3, 'CubaLI'), (0.1 + 0.2, 1 / 3, 0.7, 'CubaLIF'),
    (0.999999, 0.123456789012345, 1e6, 'CubaLI'),
    (float(np.float32(0.8)), 0.8, float(np.float32(0.1)), 'CubaLIF')])
def test_any_constants_come_back_exactly(alpha, beta, threshold, readout, tmp_path):
    weights = random_network(3, sizes=(8, 5, 7, 2)).weights
    network = SpikingQNetwork(weights, Neuron(alpha, beta, threshold, 11), 'cartpole', (),
                              {'seed': 7, 'nested': {'ä': [1, None, 0.1]}})
    write_network(network, tmp_path / 'x.nir', readout=readout)
    assert network_to_bytes(read_network(tmp_path / 'x.nir')) == network_to_bytes(network)


def integrate(graph, inputs, delay):
    """
    Follow NIR's differential equations by Euler steps, knowing nothing of our network.

    :param delay: ticks from a spike to the next layer; each layer begins that much later.
    :return: (n, T, h1 + h2) spikes and (n, actions) potentials of the readout.
    """
    dt, ticks = graph.metadata['dt'], int(graph.metadata['ticks'])
    layers = (('w1', 'hidden1'), ('w2', 'hidden2'), ('w3', 'readout'))
    state = {name: [0.0, 0.0] for _, name in layers}
    spikes = {'hidden1': [], 'hidden2': []}
    for tick in range(ticks + 2 * delay):
        signal = encode(inputs).astype(np.float64)
        for depth, (linear, name) in enumerate(layers):
            if tick < depth * delay:
                break
            node, (i, v) = graph.nodes[name], state[name]
            current = signal @ graph.nodes[linear].weight.T
            i = i + dt / node.tau_syn * (node.w_in * current - i)
            v = v + dt / node.tau_mem * (node.v_leak - v + node.r * i)
            if name in spikes:
                spikes[name].append(v > node.v_threshold)
                v = np.where(spikes[name][-1], node.v_reset, v)
                signal = spikes[name][-1 - delay] if tick >= (depth + 1) * delay else None
            state[name] = [i, v]
    rasters = [np.stack(record[:ticks], axis=1) for record in spikes.values()]
    return np.concatenate(rasters, axis=2), state['readout'][1]


@pytest.mark.parametrize('delay', [0, 1])
def test_the_graph_means_what_nirs_equations_say(delay, shipped):
    network = SpikingQNetwork(shipped.weights, Neuron(0.6, 0.9, 0.7, 5), 'cartpole')
    graph = nir.read(io.BytesIO(nir_to_bytes(network)))
    assert all(isinstance(graph.nodes[name], kind) for name, kind in (
        ('w1', nir.Linear), ('hidden1', nir.CubaLIF), ('readout', nir.CubaLI)))
    inputs = np.random.default_rng(5).normal(0, 0.5, (256, 4)).astype(np.float32)
    rasters, potentials = integrate(graph, inputs, delay)
    expected, q_values = ours(network, inputs)
    assert np.array_equal(rasters, expected)
    assert np.allclose(potentials, q_values, atol=1e-4)


@pytest.mark.parametrize('name', ['cartpole_0', 'acrobot_0'])
@pytest.mark.parametrize('system', ['snntorch', 'spikingjelly', 'norse'])
def test_other_systems_read_the_file_and_spike_the_same(system, name, tmp_path, monkeypatch):
    for package in ('torch', 'nirtorch', system):
        pytest.importorskip(package)
    monkeypatch.syspath_prepend(ROOT / 'docs' / 'examples')
    from nir_readers import draw, run
    network = load(name)
    write_network(network, tmp_path / 'x.nir', readout='CubaLIF')
    inputs = draw(network, 256)
    rasters, q_values = run(system, tmp_path / 'x.nir', inputs)
    expected, expected_q = ours(network, inputs)
    assert np.array_equal(rasters, expected)
    assert np.allclose(q_values, expected_q, atol=1e-3)


@pytest.mark.parametrize('kind, alpha', [('Synaptic', 0.8), ('Leaky', 0.0)])
def test_what_snntorch_writes_is_read(kind, alpha, shipped, tmp_path):
    torch = pytest.importorskip('torch')
    snn = pytest.importorskip('snntorch')
    writer = pytest.importorskip('snntorch.export_nir')
    layers = []
    for weights, threshold in zip(shipped.weights, (0.5, 0.5, 1e30)):
        linear = torch.nn.Linear(*weights.shape, bias=False)
        linear.weight.data = torch.from_numpy(weights.T.copy())
        each = {'beta': 0.8, 'threshold': threshold, **({'alpha': alpha} if alpha else {})}
        layers += [linear, getattr(snn, kind)(
            **{key: torch.full((weights.shape[1],), value) for key, value in each.items()},
            reset_mechanism='zero', reset_delay=False, init_hidden=True)]
    graph = writer.export_to_nir(torch.nn.Sequential(*layers), torch.zeros(1, 8), ignore_dims=[0])
    nir.write(tmp_path / 'x.nir', graph)
    network = read_network(tmp_path / 'x.nir', Facts(ticks=8))
    assert network.digest == shipped.digest and network.metadata['source'] == 'x.nir'
    assert network.neuron.membrane == (alpha, 0.8, 0.5)
    assert network.action_efforts == shipped.action_efforts


def test_the_command_says_what_it_made(shipped, tmp_path, capsys):
    torch = pytest.importorskip('torch')
    source, out = tmp_path / 'x.pt', tmp_path / 'new' / 'x.npz'
    torch.save(([torch.from_numpy(w.copy()) for w in shipped.weights], []), source)
    assert main(['convert', str(source), str(out), '--ticks', '4']) == 0
    said = capsys.readouterr().out
    for words in (str(out), 'cartpole', '[8, 64, 64, 2]', shipped.digest, '4 ticks',
                  f'rstdp_ros evaluate cartpole --model {out}'):
        assert words in said
    assert SpikingQNetwork.load(out).metadata['made_by'] == 'rstdp_ros convert'
    assert main(['convert', str(out), str(tmp_path / 'x.nir'), '--json']) == 0
    assert json.loads(capsys.readouterr().out)['digest'] == shipped.digest


@pytest.mark.parametrize('arguments, reason', [
    (['cartpole_0', 'x.npz'], 'same type'),
    (['cartpole_0', 'x.pt'], '.pt cannot be written; known are .npz, .nir'),
    (['cartpole_0', 'x'], 'no suffix cannot be written'),
    (['x.onnx', 'x.npz'], '.onnx cannot be read'),
    (['nix.npz', 'x.nir'], 'nix.npz: no such'), (['nix.nir', 'x.npz'], 'nix.nir: no such'),
    (['nix.pt', 'x.npz'], 'nix.pt: no such'), (['folder.nir', 'x.npz'], 'not a regular file'),
    (['cartpole_0', 'folder.nir'], 'cannot be written'),
    (['text.nir', 'kept.npz'], 'damaged or not an NIR file'),
    (['text.pt', 'kept.npz'], 'damaged or not a torch checkpoint'),
    (['huge.nir', 'kept.npz'], 'larger than 16777216 bytes'),
    (['cartpole_0', 'x.nir', '--ticks', '8'], '--ticks does not apply to .npz'),
    (['text.nir', 'x.npz', '--alpha', '0.5'], '--alpha does not apply to .nir'),
    (['text.pt', 'x.npz', '--readout', 'CubaLI'], '--readout applies to .nir'),
    (['cartpole_0', 'x.nir', '--readout', 'LIF'], "unknown readout 'LIF'"),
])
def test_a_mistake_is_one_sentence_and_loses_nothing(arguments, reason, tmp_path, monkeypatch,
                                                     capsys):
    if '.pt' in arguments[0]:
        pytest.importorskip('torch')
    monkeypatch.chdir(tmp_path)
    for name in ('text.nir', 'text.pt', 'kept.npz'):
        Path(name).write_text('some text')
    Path('huge.nir').write_bytes(bytes(17 * 2**20))
    Path('folder.nir').mkdir()
    assert main(['convert', *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == '' and said.err.count('\n') == 1 and reason in said.err
    assert Path('kept.npz').read_text() == 'some text' and not Path('x.npz').exists()


def test_an_existing_file_is_replaced_by_a_whole_one(tmp_path, shipped):
    out = tmp_path / 'x.nir'
    out.write_text('old')
    assert main(['convert', 'cartpole_0', str(out)]) == 0
    assert read_network(out).digest == shipped.digest
    assert [path.name for path in tmp_path.iterdir()] == ['x.nir']
