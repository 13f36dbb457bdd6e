"""Values and files from elsewhere: numbers are numbers, and what is saved can be read."""

from dataclasses import replace
import os
import pickle
import threading

from networks import random_network
import numpy as np
import pytest

from rstdp_ros.bringup import describe_graph
from rstdp_ros.plasticity import GuardParameters, RSTDPParameters
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.files import MAX_BYTES
from rstdp_ros.support.compiling import fingerprint
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameter_files import all_parameters, read_parameter_file
from rstdp_ros.support.parameters import from_mapping, Parameter
from rstdp_ros.support.plain import from_json, to_json
from rstdp_ros.support.resources import model_path
from rstdp_ros.support.untrusted import shortened
from rstdp_ros.tasks import get_task


@pytest.mark.fault('files', 'numpy scalars as parameters', 'refused: must be a float')
@pytest.mark.parametrize('default, value, expected', [
    (1.0, np.float64(0.3), 0.3), (1.0, np.float32(0.5), 0.5), (1.0, np.int64(3), 3.0),
    (1, np.int32(3), 3), (1, np.uint8(3), 3), (True, np.bool_(False), False),
    ('x', np.str_('y'), 'y')])
def test_numpys_numbers_are_numbers(default, value, expected):
    result = Parameter('x', default, '').validate(value)
    assert result == expected and type(result) is type(default)


@pytest.mark.parametrize('default, value', [
    (1.0, True), (1.0, np.bool_(True)), (1, np.bool_(True)), (1, np.float64(3.5)), (1, 3.0),
    (1.0, np.float64('nan')), (1.0, np.complex128(1)), (1.0, np.str_('1')), (1.0, '1'),
    (True, np.int64(1)), (1.0, np.array([1.0])), (1.0, None), ('x', np.bytes_(b'x'))])
def test_other_values_are_still_refused(default, value):
    with pytest.raises(RstdpError, match='x must be'):
        Parameter('x', default, '').validate(value)


def test_tables_take_numpys_numbers():
    assert from_mapping(GuardParameters, {'window': np.int64(3)}).window == 3
    assert type(from_mapping(RSTDPParameters, {'tau_c': np.float32(20)}).tau_c) is float


def remade(**changes):
    """Return a network with other constants."""
    network = random_network(1)
    constants = {name: changes.pop(name) for name in tuple(changes)
                 if name in ('alpha', 'beta', 'threshold', 'ticks')}
    return network.replace(neuron=replace(network.neuron, **constants), **changes)


@pytest.mark.fault('files', 'a network of 2.7 ticks, or with constants that are no numbers',
                   'cut to 2 ticks; True and "0.5" taken for numbers')
@pytest.mark.parametrize('changes', [
    {'ticks': 2.7}, {'ticks': '3'}, {'ticks': True}, {'ticks': np.nan}, {'ticks': None},
    {'alpha': '0.5'}, {'alpha': False}, {'threshold': np.bool_(True)}, {'threshold': 10**400},
    {'action_efforts': ('1', '2')}, {'action_efforts': (1.0, np.inf)}, {'beta': [0.5]}])
def test_constants_that_are_no_numbers_are_refused(changes):
    name, = changes
    with pytest.raises(RstdpError, match=name.removesuffix('s').replace('_', ' ')) as error:
        remade(**changes)
    assert '\n' not in str(error.value)


@pytest.mark.fault('files', 'numpy scalars in the metadata of a network', 'TypeError on save')
def test_metadata_keep_numpys_numbers(tmp_path):
    metadata = {'a': np.float32(0.5), 'b': np.int64(3), 'c': np.bool_(True), 'd': np.str_('x'),
                'e': np.arange(3), 'f': {'g': [np.float64(0.25)]}}
    network = remade(metadata=metadata, ticks=np.int64(8), alpha=np.float32(0.5))
    network.save(tmp_path / 'x.npz')
    loaded = SpikingQNetwork.load(tmp_path / 'x.npz')
    assert loaded.metadata == {'a': 0.5, 'b': 3, 'c': True, 'd': 'x', 'e': [0, 1, 2],
                               'f': {'g': [0.25]}}
    assert (loaded.neuron.ticks, loaded.neuron.alpha) == (8, 0.5)
    for strange in ({1, 2}, object(), {np.int64(1): 2}, 1j):
        with pytest.raises(RstdpError, match='metadata cannot be written'):
            remade(metadata={'x': strange}).save(tmp_path / 'x.npz')
    assert SpikingQNetwork.load(tmp_path / 'x.npz').neuron.ticks == 8


@pytest.mark.fault('files', 'save writes a network that load refuses as too large',
                   'a file of 17.7 MB that nobody can read')
@pytest.mark.parametrize('hidden', [2100, 2048, 4000])
def test_what_cannot_be_read_is_not_written(hidden, tmp_path):
    network = remade(weights=[np.zeros(shape, np.float32) for shape in (
        (8, hidden), (hidden, hidden), (hidden, 2))])
    with pytest.raises(RstdpError, match=f'at most {MAX_BYTES} can be read'):
        network.save(tmp_path / 'x.npz')
    assert not list(tmp_path.iterdir())


@pytest.mark.fault('files', '--model is a FIFO, a device or a folder',
                   'hangs, or reads /dev/zero until memory ends')
@pytest.mark.parametrize('kind', ['fifo', '/dev/zero', '/dev/tty', '.', 'x' * 300, 'a\0b'])
def test_only_regular_files_are_read(kind, tmp_path):
    path = tmp_path / kind if kind == 'fifo' else kind
    if kind == 'fifo':
        os.mkfifo(path)
    reasons = []

    def read():
        for reader in (SpikingQNetwork.load, read_parameter_file):
            try:
                reader(path)
            except RstdpError as error:
                reasons.append(str(error))
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5.0)
    assert not thread.is_alive() and len(reasons) == 2
    assert all('\n' not in reason for reason in reasons)


BAD_YAML = {
    'nested': '/**: ' + '[' * 5000,
    'nested blocks': '- ' * 5000,
    'nested well': '/**: ' + '[' * 60 + ']' * 60,
    'month 13': '/**:\n  ros__parameters:\n    bag: 2020-13-45',
    'hour 25': '/**:\n  ros__parameters:\n    bag: 2020-01-01 25:61:61',
    'aliases': 'a: &a [x,x]\n' + ''.join(f'{c}: &{c} [{",".join(f"*{b}" for _ in range(9))}]\n'
                                         for b, c in zip('abcdefghi', 'bcdefghij')),
    'holds itself': '/**: &a {ros__parameters: *a}',
    'python': '/**: !!python/object/apply:os.system [true]',
    'empty': '', 'a number': '5', 'a list': '[]', 'no parameters': '/**: 3',
    'parameters of a kind': '/**: {ros__parameters: [1]}', 'key': '? [a]\n: {}',
    'not UTF-8': b'\xff\xfe\xff', 'null bytes': b'/**: \x00',
    'tab': '/**:\n\tros__parameters: {}', 'huge': '#' * 2**20,
}


@pytest.mark.fault('files', 'params_file: deep nesting, 2020-13-45, aliases that stand for more '
                   'than memory holds', 'traceback')
@pytest.mark.parametrize('name', BAD_YAML)
def test_a_bad_parameter_file_is_refused(name, tmp_path):
    path, content = tmp_path / 'x.yaml', BAD_YAML[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RstdpError) as error:
        describe_graph('cartpole', {'params_file': str(path)})
    assert str(path) in str(error.value) and '\n' not in str(error.value)


def test_usual_parameter_files_are_read(tmp_path):
    path = tmp_path / 'x.yaml'
    for text in ('/**: {ros__parameters: {pole_mass: 0.3}}',
                 'robot:\n  environment:\n    ros__parameters:\n      seed: 7\n'
                 '  policy: {ros__parameters: {}}\n'):
        path.write_text(text)
        assert read_parameter_file(path)
        describe_graph('cartpole', {'params_file': str(path)})


@pytest.mark.parametrize('simulator', ['gym', 'pybullet'])
@pytest.mark.parametrize('name', ['cartpole', 'acrobot'])
@pytest.mark.fault('files', 'pickling a Task', 'PicklingError: a lambda')
def test_tasks_can_be_pickled(name, simulator):
    task = get_task(name, simulator)
    if simulator == 'gym':
        copy = pickle.loads(pickle.dumps(task))
    else:
        pytest.importorskip('pybullet')
        assert task.plant.reset(3)
        copy = pickle.loads(pickle.dumps(task))
        assert copy.plant is task.plant
    assert copy == task
    state = (0.0,) * 4
    assert [copy.reward.of(state, 0.0, end) for end in (False, True)] == [
        task.reward.of(state, 0.0, end) for end in (False, True)]


def test_json_has_no_infinity():
    value = {'a': float('inf'), 'b': [np.nan, np.float32(0.5)], 'c': (1, None), 2: np.arange(2)}
    text = to_json(value)
    assert from_json(text) == {'a': None, 'b': [None, 0.5], 'c': [1, None], '2': [0, 1]}
    with pytest.raises(RstdpError, match='JSON'):
        to_json({'a': object()})
    with pytest.raises(RstdpError, match='levels deep'):
        from_json('[' * 60 + ']' * 60)


def test_shortened_words_can_be_sent():
    assert shortened('a\ud800b\nc') == 'a\ufffdb c'
    assert len(shortened('x' * 10**6)) <= 300


def test_nested_parameters_are_named_as_ros_does(tmp_path):
    file = tmp_path / 'nested.yaml'
    file.write_text('/**: {ros__parameters: {joints: {pivot: {scale: -1.0, zero: 2}}, task: x}}')
    assert all_parameters(read_parameter_file(file)) == {
        'joints.pivot.scale': -1.0, 'joints.pivot.zero': 2, 'task': 'x'}


def test_only_a_name_stands_for_a_shipped_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'cartpole_1').mkdir()  # not in its way
    for name in ('cartpole_1', 'cartpole_1.npz'):
        assert model_path(name).is_file()
    for name in ('cartpole_1.pt', 'cartpole_1.npz.bak', './cartpole_9'):
        assert not model_path(name).exists()


TABLE = np.array([1.0, 2.0])


def reads_a_table(i):
    """Do what compiled code might."""
    return TABLE[i]


def test_code_that_reads_other_numbers_is_other_code(monkeypatch):
    before = fingerprint(reads_a_table)
    assert fingerprint(reads_a_table) == before
    for other in (np.array([1.0, 3.0]), np.array([1.0, 2.0], np.float32), (TABLE,)):
        monkeypatch.setitem(globals(), 'TABLE', other)
        assert fingerprint(reads_a_table) != before
    monkeypatch.setitem(globals(), 'TABLE', (np.array([1.0, 3.0]),))
    nested = fingerprint(reads_a_table)
    monkeypatch.setitem(globals(), 'TABLE', (np.array([1.0, 2.0]),))
    assert fingerprint(reads_a_table) != nested
