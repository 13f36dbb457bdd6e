"""Networks to and from other systems: nothing is lost, nothing is guessed, nothing is run."""

import io
import json
from pathlib import Path
import pickle

from conftest import random_network
import numpy as np
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.errors import RstdpError
from rstdp_ros.exchange import nir_file
from rstdp_ros.exchange.foreign import Facts
from rstdp_ros.exchange.formats import read_network, write_network
from rstdp_ros.exchange.nir_reading import graph_to_network
from rstdp_ros.exchange.nir_writing import network_to_graph, nir_to_bytes
from rstdp_ros.resources import share_path
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.encoding import encode
from rstdp_ros.snn.files import network_to_bytes
from rstdp_ros.tasks import get_task, TASKS

nir = pytest.importorskip('nir')

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = [f'{task}_{i}' for task in TASKS for i in range(3)]
# The authors' networks are not ours to ship; where somebody laid them, they are tried.
AUTHORS = ROOT.parent / 'shared' / 'reference'
TICKS = Facts(ticks=8)


def load(name):
    return SpikingQNetwork.load(share_path(f'models/{name}.npz'))


def ours(network, inputs):
    """Return the rasters and Q-values of the network itself."""
    inferences = [network.infer(observation) for observation in inputs]
    rasters = np.array([inference.raster for inference in inferences])
    assert 0.05 < rasters.mean() < 0.95
    return rasters, np.array([inference.q_values for inference in inferences])


# NIR: there and back.

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
    network = SpikingQNetwork(weights, alpha, beta, threshold, 11, 'cartpole', (),
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
    graph = nir.read(io.BytesIO(nir_to_bytes(shipped)))
    assert all(isinstance(graph.nodes[name], kind) for name, kind in (
        ('w1', nir.Linear), ('hidden1', nir.CubaLIF), ('readout', nir.CubaLI)))
    inputs = np.random.default_rng(5).normal(0, 0.5, (256, 4)).astype(np.float32)
    rasters, potentials = integrate(graph, inputs, delay)
    expected, q_values = ours(shipped, inputs)
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
    network = read_network(tmp_path / 'x.nir', TICKS)
    assert network.digest == shipped.digest and network.metadata['source'] == 'x.nir'
    assert (network.alpha, network.beta, network.threshold) == (alpha, 0.8, 0.5)
    assert network.action_efforts == shipped.action_efforts


# NIR from others: a chain that fits, or a sentence that names the node.

def foreign_graph(network, **changes):
    """Return a graph as others might write it: no metadata, some nodes replaced or removed."""
    graph = network_to_graph(network)
    nodes = {name: changes.get(name, node) for name, node in graph.nodes.items()}
    nodes = {name: node for name, node in nodes.items() if node is not None}
    names = list(nodes)
    edges = changes.get('edges', list(zip(names, names[1:])))
    return nir.NIRGraph({**nodes, **changes.get('more', {})}, edges, type_check=False)


def neurons(network, name, kind='CubaLIF', size=None, **changes):
    """Return the neurons of a node with some fields changed."""
    node = network_to_graph(network, 'CubaLIF').nodes[name]
    fields = {field: getattr(node, field)[:size] for field in (
        'tau_syn', 'tau_mem', 'r', 'w_in', 'v_leak', 'v_threshold', 'v_reset')}
    return getattr(nir, kind)(**{**fields, **{
        field: np.full_like(fields[field], value) for field, value in changes.items()}})


def test_a_foreign_chain_is_read(shipped):
    w2 = shipped.weights[1].T.astype(np.float64)
    graph = foreign_graph(shipped, w2=nir.Affine(w2, np.zeros(64)))
    network = graph_to_network(graph, TICKS, {})
    assert network.digest == shipped.digest and network.task == 'cartpole'
    assert (network.alpha, network.beta, network.threshold) == (0.8, 0.8, 0.5)


def test_time_constants_of_another_step_need_that_step(shipped):
    layers = {name: neurons(shipped, name, tau_syn=0.005, tau_mem=0.005, w_in=5.0, r=10.0)
              for name in ('hidden1', 'hidden2', 'readout')}
    layers['readout'].v_threshold[:] = 1e9
    graph = foreign_graph(shipped, **layers)
    with pytest.raises(RstdpError, match=r"node 'hidden1' has a gain of 0\.02 .*--dt"):
        graph_to_network(graph, TICKS, {})
    network = graph_to_network(graph, Facts(ticks=8, dt=1e-3), {})
    assert (network.alpha, network.beta) == (0.8, 0.8)
    assert np.allclose(network.weights[1], 2 * shipped.weights[1], rtol=1e-6)


REFUSED_GRAPHS = {
    'kind': (lambda n: {'w2': nir.Scale(np.ones(64))}, "'w2' is Scale"),
    'short': (lambda n: {'w3': None, 'readout': None}, "'output' is Output"),
    'long': (lambda n: {'more': {'z': nir.Scale(np.ones(2))}, 'edges': [
        *foreign_graph(n).edges, ('output', 'z')]}, "'z' ends a chain of 9"),
    'aside': (lambda n: {'more': {'z': nir.Scale(np.ones(2))}}, "'z' is not on the chain"),
    'branch': (lambda n: {'edges': [*foreign_graph(n).edges, ('w1', 'w3')]}, "'w1' leads to"),
    'loop': (lambda n: {'edges': [*foreign_graph(n).edges[:4], ('hidden2', 'w1')]},
             "'hidden2' leads to 'w1'"),
    'edge': (lambda n: {'edges': [('input', 'nix')]}, "'nix', which does not exist"),
    'inputs': (lambda n: {'more': {'z': nir.Input(np.array([8]))}}, '2 Input nodes'),
    'bias': (lambda n: {'w3': nir.Affine(n.weights[2].T, np.full(2, 1e-9))}, "'w3' has a bias"),
    'matrix': (lambda n: {'w1': nir.Linear(np.ones((2, 64, 8)))}, "'w1' has weights of shape"),
    'size': (lambda n: {'hidden1': neurons(n, 'hidden1', size=60)}, "'hidden1' has 60 neurons"),
    'shapes': (lambda n: {'w2': nir.Linear(np.ones((64, 60)))}, 'W2 has 60 rows'),
    'task': (lambda n: {'w1': nir.Linear(np.ones((64, 10)))}, '10 inputs and 2 outputs do not'),
    'leak': (lambda n: {'hidden2': neurons(n, 'hidden2', v_leak=0.1)}, "'hidden2' has v_leak"),
    'reset': (lambda n: {'hidden2': neurons(n, 'hidden2', v_reset=-1)}, "'hidden2' has v_reset"),
    'uniform': (lambda n: {'hidden2': neurons(n, 'hidden2', v_threshold=np.arange(64))},
                "'hidden2' has not one v_threshold"),
    'alike': (lambda n: {'hidden2': neurons(n, 'hidden2', v_threshold=0.6)},
              "'hidden2' has threshold = 0.6, but 'hidden1' has 0.5"),
    'fast': (lambda n: {'hidden1': neurons(n, 'hidden1', tau_mem=1e-5)},
             "'hidden1' has a membrane time constant"),
    'nan': (lambda n: {'hidden1': neurons(n, 'hidden1', tau_syn=np.nan)}, "'hidden1' has"),
    'inverted': (lambda n: {'hidden1': neurons(n, 'hidden1', r=-5.0)}, "'hidden1' has a gain"),
    'spiking': (lambda n: {'readout': neurons(n, 'readout', v_threshold=1.0)},
                "'readout' can spike"),
    'memory': (lambda n: {'readout': nir.LI(*(np.full(2, x) for x in (5e-4, 5.0, 0.0)))},
               "'readout' has alpha = 0, but 'hidden1' has 0.8"),
}


@pytest.mark.parametrize('case', REFUSED_GRAPHS)
def test_another_graph_is_refused_by_a_sentence_that_names_the_node(case, shipped):
    changes, reason = REFUSED_GRAPHS[case]
    with pytest.raises(RstdpError, match=reason) as refusal:
        graph_to_network(foreign_graph(shipped, **changes(shipped)), TICKS, {})
    assert '\n' not in str(refusal.value)


@pytest.mark.parametrize('metadata, facts, reason', [
    ({}, Facts(), '--ticks'),
    ({}, Facts(ticks=0), 'ticks = 0'),
    ({}, Facts(ticks=10**12), 'ticks = 1000000000000'),
    ({}, Facts(ticks=8, dt=0.0), 'dt = 0.0'),
    ({}, Facts(ticks=8, task='acrobot'), 'acrobot has 12 and 3'),
    ({}, Facts(ticks=8, task='unicycle'), 'unknown task'),
    ({'ticks': 8.5}, Facts(), 'ticks = 8.5'),
    ({'ticks': 8}, Facts(ticks=9), '--ticks 9 differs from 8'),
    ({'tick_order': 'a tick of delay per layer'}, TICKS, 'another order'),
    ({'alpha': 0.7}, TICKS, 'the metadata say alpha = 0.7, the neurons 0.8'),
    ({'digest': '00'}, TICKS, 'not those of digest 00'),
    ({'action_efforts': np.array([-5.0, 5.0])}, TICKS, 'efforts'),
])
def test_metadata_and_options_must_agree_with_the_graph(metadata, facts, reason, shipped):
    graph = foreign_graph(shipped)
    graph.metadata = metadata
    with pytest.raises(RstdpError, match=reason):
        graph_to_network(graph, facts, {})


def test_damaged_nir_files_are_refused_or_harmless(tmp_path):
    network = random_network(1, sizes=(8, 6, 6, 2))
    whole = nir_to_bytes(network)
    generator = np.random.default_rng(0)
    path, refused = tmp_path / 'x.nir', 0
    path.write_bytes(whole)
    assert read_network(path).digest == network.digest
    for _ in range(8):
        data = bytearray(whole)
        for position in generator.integers(len(data), size=100):
            data[position] = generator.integers(256)
        path.write_bytes(data)
        try:
            assert read_network(path).digest == network.digest
        except RstdpError as refusal:
            refused += str(path) in str(refusal) and '\n' not in str(refusal)
    assert refused >= 4


def test_a_crash_of_hdf5_is_a_sentence(monkeypatch):
    monkeypatch.setattr(nir_file, 'CHILD', 'import os; os.abort()')
    with pytest.raises(RstdpError, match='damaged: HDF5 ends with code -6'):
        nir_file.unpack(b'')
    monkeypatch.setattr(nir_file, 'CHILD', 'while True: pass')
    monkeypatch.setattr(nir_file, 'TIME_LIMIT', 0.2)
    with pytest.raises(RstdpError, match='damaged: it cannot be read within'):
        nir_file.unpack(b'')


# Torch checkpoints.

@pytest.fixture
def save(tmp_path):
    """Return a function that saves something by torch."""
    torch = pytest.importorskip('torch')

    def save_as(content, name='x.pt'):
        torch.save(content, tmp_path / name)
        return tmp_path / name
    return save_as


def tensors(network, transposed=False):
    torch = pytest.importorskip('torch')
    return [torch.from_numpy((w.T if transposed else w).copy()) for w in network.weights]


def state_dict(network, **more):
    names = ('net.0.weight', 'net.2.weight', 'net.4.weight')
    return {**dict(zip(names, tensors(network, transposed=True))), **more}


def test_the_authors_layout_and_state_dicts_give_the_network(shipped, save):
    torch = pytest.importorskip('torch')
    contents = [
        (tensors(shipped), []), state_dict(shipped), {'state_dict': state_dict(shipped)},
        state_dict(shipped, **{'net.0.bias': torch.zeros(64)}),
        dict(reversed(state_dict(shipped).items())),
    ]
    for content in contents:
        network = read_network(save(content))
        assert network.digest == shipped.digest and network.task == 'cartpole'
        assert (network.alpha, network.threshold, network.ticks) == (0.8, 0.5, 8)
    facts = Facts(task='cartpole', ticks=5, alpha=0.5, beta=0.25, threshold=2.0)
    network = read_network(save(state_dict(shipped), 'x.pth'), facts)
    assert (network.alpha, network.beta, network.threshold, network.ticks) == (.5, .25, 2.0, 5)


class Trap:
    """Writes a file when unpickled."""

    def __reduce__(self):
        return Path.touch, (Path('sprung'),)


def test_foreign_checkpoints_are_refused_without_running_their_code(shipped, save, tmp_path,
                                                                    monkeypatch):
    torch = pytest.importorskip('torch')
    monkeypatch.chdir(tmp_path)
    w1, w2, w3 = tensors(shipped)
    cases = [
        (([w1, w2, w3], [w2]), 'recurrent'), (([w1, w2], []), 'three layers'),
        (([w1.T, w2, w3], []), 'three layers'), ([w1, w2, w3], 'unknown layout'),
        (w1, 'unknown layout'), ({'state_dict': 3}, 'unknown layout'), ({}, 'nothing'),
        (state_dict(shipped, bias=torch.ones(3)), "'bias' is not zero"),
        (state_dict(shipped, **{'lif.alpha': torch.ones(1)}), "'lif.alpha' is neither"),
        (state_dict(shipped, weight=w1), 'not three linear layers'),
        (([w1, w2, w3[:, 0]], []), "'W3' has shape"), (([w1.int(), w2, w3], []), "'W1' is not"),
        (([w1, w2, 'x'], []), "'W3' is not"), (([w1, w2.to_sparse(), w3], []), "'W2' is not"),
        (([w1, w2 * np.nan, w3], []), 'W2 holds a value that is not finite'),
        (([w1[:6], w2, w3], []), '6 inputs and 2 outputs do not'),
        (([w1, torch.zeros(1).expand(1 << 20, 1 << 20), w3], []), 'larger than a network'),
        ({'net': Trap()}, 'only their own code'), (torch.nn.Linear(2, 2), 'only their own code'),
    ]
    for content, reason in cases:
        with pytest.raises(RstdpError, match=reason) as refusal:
            read_network(save(content))
        assert 'x.pt: ' in str(refusal.value) and '\n' not in str(refusal.value)
    damaged = bytearray(save((tensors(shipped), [])).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / 'x.pt').write_bytes(damaged)
    with pytest.raises(RstdpError, match='a checksum is wrong'):
        read_network(tmp_path / 'x.pt')
    (tmp_path / 'x.pt').write_bytes(pickle.dumps(Trap()))
    with pytest.raises(RstdpError, match='damaged or not a torch checkpoint'):
        read_network(tmp_path / 'x.pt')
    assert not (tmp_path / 'sprung').exists()


@pytest.mark.skipif(not AUTHORS.is_dir(), reason="the authors' networks are not here")
@pytest.mark.parametrize('name, digest, least', [
    ('cartpole/checkpoint_DSQN_0.pt', '86a9a6d75e7eb544', 195),
    ('cartpole/checkpoint_DSQN_1.pt', '5212fbbec461bc8c', 195),
    ('acrobot/checkpoint_DSQN_0.pt', 'dd64cd634ef3ca4c', -180),
    ('acrobot/checkpoint_DSQN_1.pt', 'dfff2db8b8689ae8', -130)])
def test_the_authors_networks_do_what_they_do(name, digest, least):
    pytest.importorskip('torch')
    network = read_network(AUTHORS / name)
    assert network.digest.startswith(digest)
    returns = get_task(network.task).returns(network, range(300_000_000, 300_000_100))
    assert returns.mean() > least


# The command.

def test_the_command_says_what_it_made(save, shipped, tmp_path, capsys):
    out = tmp_path / 'new' / 'x.npz'
    assert main(['convert', str(save((tensors(shipped), []))), str(out), '--ticks', '4']) == 0
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
    (['nix.pt', 'x.npz'], 'nix.pt: no such'), (['folder.nir', 'x.npz'], 'cannot be read'),
    (['cartpole_0', 'folder.nir'], 'cannot be written'),
    (['text.nir', 'kept.npz'], 'damaged or not an NIR file'),
    (['text.pt', 'kept.npz'], 'damaged or not a torch checkpoint'),
    (['huge.nir', 'kept.npz'], 'larger than a network'),
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
