"""A robust start: one vector of gains that serves many plants."""

import json

import numpy as np
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.cli.robustify import CHECKS
from rstdp_ros.snn import quantize, SpikingQNetwork, with_gains
from rstdp_ros.support import seeds
from rstdp_ros.twin import robust as module
from rstdp_ros.twin.robust import plants_from, plants_seen, robust

PLANTS, SEED = 10, 5_000_000


@pytest.fixture(scope='module')
def found(shipped, cartpole):
    """Return the first shipped network with gains for many plants."""
    return robust(cartpole, shipped, PLANTS, SEED)


def test_it_does_better_on_plants_that_it_never_saw(found, shipped, cartpole):
    starts = range(seeds.SELECTION, seeds.SELECTION + 200)
    plants = [cartpole.random_plant(seed) for seed in starts]
    before, after = (cartpole.returns(network, starts, plants).mean()
                     for network in (shipped, found))
    assert after > max(before + 40.0, 185.0)


def test_it_is_an_ordinary_network_that_says_what_it_is(found, shipped, cartpole):
    origin = found.metadata
    assert with_gains(shipped, origin['log_gains']).digest == found.digest
    assert origin['parent'] == origin['gains_on'] == shipped.digest
    assert origin['robustified_on'] == {'plants': PLANTS, 'seed': SEED}
    assert robust(cartpole, shipped, PLANTS, SEED).digest == found.digest


def test_eight_bits_stay_eight_bits(shipped, cartpole):
    assert robust(cartpole, quantize(shipped), 2, SEED).quantized


def test_what_proves_no_better_is_left(shipped, cartpole, monkeypatch):
    monkeypatch.setattr(module, 'best_gains', lambda *_: np.full(4, -3.0))
    assert robust(cartpole, shipped, PLANTS, SEED).digest == shipped.digest


def test_no_plant_is_drawn_twice(cartpole, shipped, monkeypatch):
    seen = []
    monkeypatch.setattr(type(cartpole), 'random_plant', lambda self, seed: (
        seen.append(seed), self.physics())[1])
    monkeypatch.setattr(type(cartpole), 'returns_from', lambda self, network, starts, plants: (
        np.arange(len(starts)) * 1.0))
    robust(cartpole, shipped, 3, 7)
    assert seen == list(range(7, 7 + plants_seen(3)))
    assert len(plants_from(cartpole, 0)(4)) == 4


def test_the_verb(tmp_path, shipped, cartpole, capsys):
    path = tmp_path / 'robust.npz'
    words = ['robustify', 'cartpole_0', '--output', str(path), '--plants', '2', '--seed', '3',
             '--json']
    assert main(words) == 0
    output = capsys.readouterr()
    result, network = json.loads(output.out), SpikingQNetwork.load(path)
    assert (result['digest'], result['initial_digest']) == (network.digest, shipped.digest)
    assert result['log_gains'] == network.metadata['log_gains']
    plants = [cartpole.random_plant(seed) for seed in CHECKS]
    for what, some in (('default_plant', None), ('random_plants', plants)):
        returns = cartpole.returns(network, CHECKS, some)
        assert result[what]['after'] == returns.mean()
        assert result[what]['least_after'] == returns.min()
    assert 'random plants: mean return' in output.err and 'held-out' in output.err


@pytest.mark.parametrize('words, reason', [
    (['cartpole_0', '--plants', '0'], '--plants 0'), (['nix.npz'], 'nix.npz: no such file'),
    (['cartpole_0', '--seed', '-1'], '--seed -1'),
    (['cartpole_0', '--seed', str(seeds.VALIDATION - 100)], '--seed 99999900')])
def test_a_mistake_is_told(words, reason, tmp_path, capsys):
    assert main(['robustify', *words, '--output', str(tmp_path / 'out.npz')]) == 2
    assert reason in capsys.readouterr().err
