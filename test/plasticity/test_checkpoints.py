"""Torch checkpoints become networks, and none of their code runs."""

from pathlib import Path
import pickle

from forking import use_forks
import numpy as np
from places import ROOT
import pytest

from rstdp_ros.exchange.foreign import Facts
from rstdp_ros.exchange.formats import read_network
from rstdp_ros.snn import Neuron
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task

torch = pytest.importorskip('torch')

# The authors' networks are not ours to ship; where somebody laid them, they are tried.
AUTHORS = ROOT.parent / 'shared' / 'reference'


@pytest.fixture(autouse=True)
def forks(monkeypatch):
    """Start no process that imports torch for every file."""
    use_forks(monkeypatch)


@pytest.fixture
def save(tmp_path):
    """Return a function that saves something by torch."""
    def save_as(content, name='x.pt'):
        torch.save(content, tmp_path / name)
        return tmp_path / name
    return save_as


def tensors(network, transposed=False):
    return [torch.from_numpy((w.T if transposed else w).copy()) for w in network.weights]


def state_dict(network, **more):
    names = ('net.0.weight', 'net.2.weight', 'net.4.weight')
    return {**dict(zip(names, tensors(network, transposed=True))), **more}


def test_the_authors_layout_and_state_dicts_give_the_network(shipped, save):
    contents = [
        (tensors(shipped), []), state_dict(shipped), {'state_dict': state_dict(shipped)},
        state_dict(shipped, **{'net.0.bias': torch.zeros(64)}),
        dict(reversed(state_dict(shipped).items())),
    ]
    for content in contents:
        network = read_network(save(content))
        assert network.digest == shipped.digest and network.task == 'cartpole'
        assert network.neuron == Neuron(0.8, 0.8, 0.5, 8)
    facts = Facts(task='cartpole', ticks=5, alpha=0.5, beta=0.25, threshold=2.0)
    network = read_network(save(state_dict(shipped), 'x.pth'), facts)
    assert network.neuron == Neuron(0.5, 0.25, 2.0, 5)


class Trap:
    """Writes a file when unpickled."""

    def __reduce__(self):
        return Path.touch, (Path('sprung'),)


def test_foreign_checkpoints_are_refused_without_running_their_code(shipped, save, tmp_path,
                                                                    monkeypatch):
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
    network = read_network(AUTHORS / name)
    assert network.digest.startswith(digest)
    returns = get_task(network.task).returns(network, range(300_000_000, 300_000_100))
    assert returns.mean() > least


@pytest.mark.fault('files', 'usual wrappers of torch checkpoints', 'refused')
@pytest.mark.parametrize('wrap', [
    lambda d: {'policy_net_state_dict': d, 'target_net_state_dict': d, 'episode': 7},
    lambda d: {'policy_state_dict': d, 'optimizer_state_dict': {'state': {}}},
    lambda d: {'model': {'state_dict': d}}, lambda d: {'q_network': d, 'epsilon': 0.1},
    lambda d: {'net': d}, lambda d: {'model_state_dict': d},
    lambda d: {f'module.{name}': w for name, w in d.items()},
    lambda d: {f'_orig_mod.module.{name}': w for name, w in d.items()},
    lambda d: {f'module.{part}.{name}': w for part in ('q_net', 'q_net_target')
               for name, w in d.items()}])
def test_usual_wrappers_are_taken_off(wrap, shipped, save):
    assert read_network(save(wrap(state_dict(shipped)))).digest == shipped.digest


@pytest.mark.fault('files', 'torch checkpoints of meta tensors', 'a traceback')
def test_meta_tensors_are_refused(shipped, save):
    w1, w2, w3 = tensors(shipped)
    for content in (([w1.to('meta'), w2, w3], []),
                    state_dict(shipped, bias=torch.zeros(64, device='meta')),
                    {'net': state_dict(shipped, **{'net.2.weight': w2.to('meta')})}):
        with pytest.raises(RstdpError, match='meta tensor, which has a shape but no values'):
            read_network(save(content))


def test_a_wrapper_that_nobody_knows_is_named(shipped, save):
    with pytest.raises(RstdpError, match='holds mine, none of which is known'):
        read_network(save({'mine': state_dict(shipped)}))


@pytest.mark.fault('files', 'a task that was named and does not fit', 'told to name --task')
@pytest.mark.parametrize('sizes', [(8, 64, 3), (6, 64, 2), (12, 64, 2)])
def test_a_task_that_was_named_is_not_asked_for(sizes, save):
    inputs, hidden, outputs = sizes
    content = ([torch.ones(inputs, hidden), torch.ones(hidden, hidden),
                torch.ones(hidden, outputs)], [])
    with pytest.raises(RstdpError, match='do not fit: cartpole has 8 and 2') as refusal:
        read_network(save(content), Facts(task='cartpole'))
    assert '--task' not in str(refusal.value)
