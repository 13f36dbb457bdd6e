"""NIR from others: a chain that fits, or a sentence that names the node."""

import os
import time

from forking import use_forks
from networks import random_network
import numpy as np
import pytest

from rstdp_ros.exchange import child
from rstdp_ros.exchange.foreign import Facts
from rstdp_ros.exchange.formats import read_network
from rstdp_ros.exchange.nir_reading import graph_to_network
from rstdp_ros.exchange.nir_writing import network_to_graph, nir_to_bytes
from rstdp_ros.support.errors import RstdpError

nir = pytest.importorskip('nir')

TICKS = Facts(ticks=8)


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
    assert network.neuron.membrane == (0.8, 0.8, 0.5)


def test_time_constants_of_another_step_need_that_step(shipped):
    layers = {name: neurons(shipped, name, tau_syn=0.005, tau_mem=0.005, w_in=5.0, r=10.0)
              for name in ('hidden1', 'hidden2', 'readout')}
    layers['readout'].v_threshold[:] = 1e9
    graph = foreign_graph(shipped, **layers)
    with pytest.raises(RstdpError, match=r"node 'hidden1' has a gain of 0\.02 .*--dt"):
        graph_to_network(graph, TICKS, {})
    network = graph_to_network(graph, Facts(ticks=8, dt=1e-3), {})
    assert network.neuron.membrane[:2] == (0.8, 0.8)
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
    monkeypatch.setattr(child, 'CHILD', 'import os; os.abort()')
    with pytest.raises(RstdpError, match='damaged: .*ends with code -6'):
        child.unpack('nir_file', b'')
    monkeypatch.setattr(child, 'CHILD', 'while True: pass')
    monkeypatch.setattr(child, 'TIME_LIMIT', 0.2)
    with pytest.raises(RstdpError, match='damaged: it cannot be read within'):
        child.unpack('nir_file', b'')


def save(path, graph):
    """Write a graph."""
    nir.write(path, graph)
    return path


def convolutional():
    """Make a graph as others use it for pictures."""
    nodes = {'input': nir.Input(np.array([1, 8, 8])),
             'conv': nir.Conv2d((8, 8), np.ones((2, 1, 3, 3)), 1, 1, 1, 1, np.zeros(2)),
             'if': nir.IF(np.ones((2, 8, 8)), np.ones((2, 8, 8))),
             'output': nir.Output(np.array([2, 8, 8]))}
    return nir.NIRGraph(nodes, list(zip(nodes, list(nodes)[1:])), type_check=False)


def recurrent(network):
    """Make a graph whose first layer feeds itself."""
    graph = foreign_graph(network)
    return nir.NIRGraph(graph.nodes, [*graph.edges, ('hidden1', 'w1')], type_check=False)


def nested(network):
    """Make a graph with a layer in a graph of its own, as snnTorch tells recurrent ones."""
    inner = nir.NIRGraph({'input': nir.Input(np.array([64])), 'output': nir.Output(
        np.array([64]))}, [('input', 'output')])
    return foreign_graph(network, hidden1=inner)


@pytest.mark.fault('files', 'NIR graphs of another kind', 'sent away for --ticks first')
@pytest.mark.parametrize('make, reason', [
    (lambda n: convolutional(), "'conv' is Conv2d"), (recurrent, "'hidden1' leads to"),
    (nested, "'hidden1' is NIRGraph")])
def test_what_does_not_fit_at_all_is_said_before_ticks_are_asked_for(make, reason, shipped,
                                                                     tmp_path):
    with pytest.raises(RstdpError, match=reason):
        read_network(save(tmp_path / 'x.nir', make(shipped)))


def in_circles(file):
    """Let ten groups hold each other."""
    groups = [file.create_group(f'g{i}') for i in range(10)]
    for group in groups:
        for i, other in enumerate(groups):
            group[f'x{i}'] = other


def wide(file):
    """Make many groups."""
    for i in range(3000):
        file.create_group(f'g{i}')


def huge(file):
    """Announce a terabyte of zeros."""
    file.create_dataset('x', (2**37,), 'f8', chunks=(2**20,), compression='gzip')


def huge_chunk(file):
    """Keep one number in a chunk of a gigabyte."""
    file.create_dataset('x', (1,), 'f8', chunks=(2**27,), maxshape=(None,), compression='gzip')


def elsewhere(file):
    """Refer to another file."""
    import h5py
    file['node'] = h5py.ExternalLink('/dev/zero', '/x')


def raw(file):
    """Keep values in a file that never ends."""
    file.create_dataset('x', (10,), 'u1', external=[('/dev/zero', 0, 10)])


def lacking(file):
    """Leave out the weights of a node; nir says what is missing."""
    file.create_group('node')['type'] = 'Linear'


@pytest.mark.fault('files', 'NIR files with nested, huge or outside groups', 'up to 60 s')
@pytest.mark.parametrize('make, reason', [
    (in_circles, 'nested too deeply|holds more than'), (wide, 'holds more than 2000'),
    (huge, 'unpacks to more'), (huge_chunk, 'unpacks to more'), (elsewhere, 'link to elsewhere'),
    (raw, 'in another file'), (lacking, 'type_check')])
def test_hostile_nir_files_are_refused_soon(make, reason, tmp_path, monkeypatch):
    h5py = pytest.importorskip('h5py')
    use_forks(monkeypatch)
    with h5py.File(tmp_path / 'x.nir', 'w') as file:
        make(file)
    start = time.process_time() + sum(os.times()[2:4])
    with pytest.raises(RstdpError, match=reason):
        read_network(tmp_path / 'x.nir', TICKS)
    assert time.process_time() + sum(os.times()[2:4]) - start < 5


@pytest.mark.fault('files', 'a pipe or /dev/zero instead of a network', 'waits for ever')
@pytest.mark.parametrize('suffix', ['.nir', '.pt'])
def test_what_is_no_file_is_not_waited_for(suffix, tmp_path):
    os.mkfifo(tmp_path / f'x{suffix}')
    (tmp_path / f'zero{suffix}').symlink_to('/dev/zero')
    for name in ('x', 'zero'):
        with pytest.raises(RstdpError, match='not a regular file'):
            read_network(tmp_path / f'{name}{suffix}')
