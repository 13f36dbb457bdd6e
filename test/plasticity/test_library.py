"""Simulated plants as prior knowledge: the file, Bayes' rule, and the strategy that uses both."""

import math

from mutations import mutants, survives
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from rstdp_ros.cli.main import main
from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import gains, Learner, Recipe
from rstdp_ros.plasticity.checkpoint import decode, encode
from rstdp_ros.plasticity.gains import GainsParameters
from rstdp_ros.plasticity.informed import InformedSearch
from rstdp_ros.plasticity.library import (
    Library,
    library_of,
    load_library,
    logarithmic,
    save_library,
)
from rstdp_ros.plasticity.plants import log_evidence, PlantBelief
from rstdp_ros.plasticity.restoring import OtherRunError
from rstdp_ros.plasticity.search import GainSearch
from rstdp_ros.plasticity.tried import Tried
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task
from rstdp_ros.twin import combined
from rstdp_ros.twin import library as maker

SHIPPED = [f'{kind}_{i}' for kind in ('cartpole', 'acrobot', 'cartpole_robust') for i in range(3)]
# Three plants; on the first two the network as it is does badly, and another vector well.
RETURNS = np.array([[20.0, 200.0, 30.0], [21.0, 30.0, 200.0], [200.0, 200.0, 200.0]])

# A plant on which the shipped network returns what it does on the first of them.
WEAK = {'force_magnitude': 2.5, 'pole_half_length': 0.06, 'pole_mass': 0.66}


@pytest.fixture
def library(shipped):
    """Return a small made-up library."""
    points = np.array([[0.0] * 4, [-0.875, -0.25, 1.75, 1.0], [0.0, 1.0, 0.0, 0.0]])
    return Library(shipped.digest, points, logarithmic(RETURNS),
                   np.full(RETURNS.shape, 0.05), 16, {'made_by': 'hand'})


def tried(library, *shown):
    """Return what was tried: numbers of vectors and their returns."""
    result = Tried(4)
    for vector, value in shown:
        result.add(library.points[vector], float(logarithmic(value)))
    return result


def test_it_is_read_as_it_was_written(library, tmp_path):
    save_library(library, tmp_path / 'x.library.npz')
    again = load_library(tmp_path / 'x.library.npz')
    assert (again.digest, again.network, again.origin) == (
        library.digest, library.network, library.origin)
    assert np.array_equal(again.points, library.points)


@pytest.mark.parametrize('field, value', [
    ('points', np.ones((3, 4))), ('points', np.zeros((2, 4))), ('means', np.zeros((3, 2))),
    ('means', np.full((3, 3), np.nan)), ('spreads', np.full((3, 3), -1.0)),
    ('means', np.zeros((0, 3))), ('starts', 0)])
def test_what_makes_no_library_is_refused(library, field, value):
    fields = {name: getattr(library, name) for name in (
        'network', 'points', 'means', 'spreads', 'starts', 'origin')}
    with pytest.raises(RstdpError, match='it holds|do not fit'):
        Library(**{**fields, field: value})


def test_damaged_libraries(library, tmp_path):
    path = tmp_path / 'x.library.npz'
    save_library(library, path)
    good = path.read_bytes()
    survives(load_library, path, mutants(good, 1, 1000))


@pytest.mark.parametrize('count', [1, 2, 5])
def test_the_evidence_is_that_of_the_normal_model(count):
    signal, noise, expected = 0.04, 0.09, 1.3
    returns = np.random.default_rng(count).normal(1.0, 0.3, count)
    some = Tried(1)
    for value in returns:
        some.add(np.zeros(1), value)
    found = log_evidence(some, some.means - expected, signal, noise)[0]
    covariance = noise * np.eye(count) + signal
    true = multivariate_normal(np.full(count, expected), covariance).logpdf(returns)
    assert found - 0.5 * count * math.log(2.0 * math.pi) == pytest.approx(true)


def test_returns_tell_the_plant(library):
    assert PlantBelief(library, tried(library, (0, 199.0))).weights.argmax() == 2
    doubt = PlantBelief(library, tried(library, (0, 20.5)))
    assert doubt.weights[:2] == pytest.approx([0.5, 0.5], abs=0.05)
    sure = PlantBelief(library, tried(library, (0, 20.5), (1, 33.0)))
    assert sure.weights[1] > 0.99 and sure.mean.argmax() == 2
    gain, loss = sure.prospects(0)
    assert gain[2] > 2.0 and loss[2] < 0.01 and gain[0] == loss[0] == 0.0  # itself
    assert max(some.strangeness for some in (doubt, sure)) < 0.0
    means, doubts = sure.at(np.vstack((library.points[2], np.ones(4))))
    assert means[0] == sure.mean[2] and doubts[1] > doubts[0] > 0.0
    assert (sure.noise(means) > 0.0).all()


def test_what_a_vector_really_returns_counts_in_the_end(library):
    belief = PlantBelief(library, tried(library, *[(0, 150.0)] * 20))
    assert belief.mean[0] == pytest.approx(logarithmic(150.0), abs=0.01)


def search_of(library, **values):
    return InformedSearch(4, GainsParameters(**values), 5, library)


def test_a_vector_that_was_never_played_is_deployed_where_it_cannot_hurt(library):
    search = search_of(library)
    choice = search.told(library.points[0], 200.0)
    assert np.array_equal(choice.deployed, search.zeros)
    search = search_of(library)
    choice = search.told(library.points[0], 20.0)
    # Which of both plants it is does not show yet.
    assert choice.point.any()
    other = choice.point
    choice = search.told(other, 31.0)
    assert choice.deployed.any() and not np.array_equal(choice.deployed, other)


def test_no_vector_plays_beyond_what_a_person_allows(library):
    search = search_of(library, max_log_gain=0.5)
    for value in (20.0, 21.0, 20.0):
        choice = search.told(search.zeros, value)
        assert not choice.point.any() and not choice.deployed.any()


def test_without_a_library_it_is_the_search_by_returns(library):
    ours, theirs = search_of(None), GainSearch(4, GainsParameters(), 5)
    point, generator = ours.zeros, np.random.default_rng(0)
    for _ in range(30):
        value = 200.0 * math.exp(-np.sum((point - 0.5) ** 2)) + generator.normal(0.0, 10.0)
        choices = [search.told(point, value) for search in (ours, theirs)]
        assert all(np.array_equal(a, b) for a, b in zip(*choices))
        point = choices[0].point
    assert ours.state() == {'library': '', **theirs.state()}


def test_what_no_plant_explains_is_left_to_the_returns(library):
    search = search_of(library)
    point, generator, played = search.zeros, np.random.default_rng(1), []
    for _ in range(12):
        point = search.told(point, generator.normal(80.0, 20.0)).point
        played.append(point)
    assert not all((library.points == point).all(1).any() for point in played)


def fresh(network, strategy='gains', **values):
    recipe = Recipe.of(network.task, seeds.ADAPTATION, strategy).with_values(values)
    return Learner(network, recipe)


def test_a_killed_run_goes_on_and_needs_its_library(library, cartpole, shipped, monkeypatch):
    physics = cartpole.make_physics(WEAK)
    monkeypatch.setattr(gains, 'library_of', lambda digest: library)
    through, broken, digests = fresh(shipped), fresh(shipped), set()
    for _ in range(6):
        state = decode(encode(broken.state()))
        broken = fresh(shipped)
        broken.restore(state)
        records = [one.learn(*next_episode(cartpole, one, physics)) for one in (through, broken)]
        assert records[0].digest == records[1].digest
        digests.add(records[0].digest)
    assert digests != {shipped.digest}
    monkeypatch.setattr(gains, 'library_of', lambda digest: None)
    with pytest.raises(OtherRunError, match='library .* none is here; prior=flat goes on'):
        fresh(shipped).restore(state)
    fresh(shipped, prior='flat').restore(state)


def test_combined_asks_it_where_the_twin_is_left_out(library, cartpole, shipped, monkeypatch):
    physics = cartpole.make_physics(WEAK)
    for module in (gains, combined):
        monkeypatch.setattr(module, 'library_of', lambda digest: library)
    alone = {'use_twin': False, 'use_rstdp': False}
    learners = fresh(shipped), fresh(shipped, 'combined', **alone)
    digests = [[one.learn(*next_episode(cartpole, one, physics)).digest for one in learners]
               for _ in range(5)]
    assert all(ours == theirs for ours, theirs in digests)
    assert digests[-1][0] != shipped.digest


def test_a_run_that_began_without_it_goes_on_without(library, cartpole, shipped, monkeypatch):
    physics = cartpole.make_physics(WEAK)
    alone = {'use_twin': False, 'use_rstdp': False}
    monkeypatch.setattr(combined, 'library_of', lambda digest: None)
    through = fresh(shipped, 'combined', **alone)
    through.learn(*next_episode(cartpole, through, physics))
    state = through.state()
    del state['rule']['returns']['library']  # as earlier versions wrote it
    monkeypatch.setattr(combined, 'library_of', lambda digest: library)
    resumed = fresh(shipped, 'combined', **alone)
    resumed.restore(decode(encode(state)))
    for _ in range(3):
        assert (resumed.learn(*next_episode(cartpole, resumed, physics)).digest
                == through.learn(*next_episode(cartpole, through, physics)).digest)
    recipe = through.recipe.to_json()
    del recipe['parameters']['prior']
    assert Recipe.from_json(recipe, 0).parameters.prior == 'flat'


def test_a_flat_prior_needs_no_library(library, cartpole, shipped, monkeypatch):
    physics = cartpole.make_physics(WEAK)

    def digests(library, **values):
        monkeypatch.setattr(gains, 'library_of', lambda digest: library)
        learner = fresh(shipped, **values)
        return [learner.learn(*next_episode(cartpole, learner, physics)).digest
                for _ in range(5)]

    assert digests(library, prior='flat') == digests(None) != digests(library)


def test_a_library_is_made_of_plants_and_their_best_gains(cartpole, shipped, monkeypatch):
    for name, value in (('VECTORS', 2), ('LIBRARY_PLANTS', 5), ('STARTS', 3)):
        monkeypatch.setattr(maker, name, value)
    one, two = (maker.make_library(cartpole, shipped, [0.0, 0.0, 1.5, 0.5], 3)
                for _ in range(2))
    assert one.digest == two.digest and one.network == shipped.digest
    assert one.points.shape == (4, 4) and one.means.shape == (5, 4)
    assert one.points[1] == pytest.approx([0.0, 0.0, 1.5, 0.5])


def test_the_verb_writes_one(shipped, tmp_path, monkeypatch, capsys):
    for name, value in (('VECTORS', 1), ('LIBRARY_PLANTS', 3), ('STARTS', 2)):
        monkeypatch.setattr(maker, name, value)
    path = tmp_path / 'x.library.npz'
    assert main(['robustify', 'cartpole_0', '--plants', '1', '--output',
                 str(tmp_path / 'x.npz'), '--library', str(path)]) == 0
    library = load_library(path)
    assert library.network == shipped.digest and library.means.shape == (3, 3)
    robust = SpikingQNetwork.load(tmp_path / 'x.npz').metadata['log_gains']
    assert library.points[1] == pytest.approx(robust)
    assert f'{path}: library' in capsys.readouterr().out


def test_noise_is_taken_out_of_what_was_measured():
    generator = np.random.default_rng(0)
    true = generator.normal(size=(80, 2)) @ generator.normal(size=(2, 20))
    measured = true + 0.3 * generator.normal(size=true.shape)
    assert np.std(maker.denoised(measured) - true) < 0.5 * np.std(measured - true)


def test_one_of_ones_own_is_found(library, tmp_path, monkeypatch):
    own = Library('1' * 64, library.points, library.means, library.spreads, 16, {})
    folder = tmp_path / 'rstdp_ros' / 'libraries'
    folder.mkdir(parents=True)
    save_library(own, folder / 'mine.library.npz')
    monkeypatch.setenv('ROS_HOME', str(tmp_path))
    assert library_of('1' * 64).digest == own.digest and library_of('2' * 64) is None


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_libraries_belong_to_shipped_networks(name):
    network = SpikingQNetwork.load(model_path(name))
    library, task = library_of(network.digest), get_task(network.task)
    assert library.origin['task'] == task.name
    assert library.points.shape[1] == network.observation_size
    # It holds what it says: the first vectors on a plant, from other starts.
    plant = task.random_plant(library.origin['seed'])
    for vector in range(2):
        changed = with_gains(network, library.points[vector])
        mean = logarithmic(task.returns(changed, range(10**8, 10**8 + 60), plant)).mean()
        doubt = max(library.spreads[0, vector], 0.05)
        assert mean == pytest.approx(library.means[0, vector], abs=1.5 * doubt)


@pytest.mark.parametrize('values', [
    {'pole_half_length': 0.9, 'force_magnitude': 17.0, 'pole_mass': 0.7},
    WEAK, {}])
def test_one_episode_is_enough_where_plants_are_as_simulated(values, cartpole, shipped):
    physics, learner = cartpole.make_physics(values), fresh(shipped)
    learner.learn(*next_episode(cartpole, learner, physics))
    starts = range(seeds.SELECTION, seeds.SELECTION + 50)
    assert cartpole.returns(learner.deployed, starts, physics).mean() > 195.0
