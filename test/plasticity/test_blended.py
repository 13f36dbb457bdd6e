"""A local rule leads, and a search takes over from what it learned."""

import numpy as np

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

# It falls at once, and nothing in a library is like it.
ODD = {'actuator_delay': 0.06, 'pole_half_length': 0.1, 'force_magnitude': 15.0}
LEAD = 5


def learner(network, strategy, **values):
    """Return a new learner."""
    recipe = Recipe.of('cartpole', seeds.ADAPTATION, strategy).with_values(values)
    return Learner(network, recipe)


def played(network, episodes, strategy, **values):
    """Learn on the odd plant; return the learner and the records."""
    task, ours = get_task('cartpole'), learner(network, strategy, **values)
    physics = task.make_physics(ODD)
    return ours, [ours.learn(*next_episode(task, ours, physics)) for _ in range(episodes)]


def test_the_first_choice_is_the_librarys(shipped):
    (_, ours), (_, theirs) = (played(shipped, 1, name) for name in ('blended', 'gains'))
    assert ours[0].digest == theirs[0].digest != shipped.digest


def test_without_a_library_it_searches(shipped):
    (_, ours), (_, theirs) = (played(shipped, 8, name, prior='flat')
                              for name in ('blended', 'gains'))
    assert [record.digest for record in ours] == [record.digest for record in theirs]


def test_what_the_rule_learned_is_deployed_while_it_leads(shipped):
    ours, records = played(shipped, LEAD - 1, 'blended', lead=LEAD)
    learned = ours.strategy.leading.log_gains
    assert np.array_equal(ours.strategy.search.deployed, learned)
    assert all(record.digest != record.deployed_digest for record in records[1:])
    assert len(ours.strategy.search.tried) == LEAD - 1


def test_the_search_begins_from_it(shipped):
    ours, records = played(shipped, LEAD, 'blended', lead=LEAD)
    learned = ours.strategy.leading.log_gains
    # It plays once without noise, so that the search knows how good it is.
    assert records[-1].digest == records[-1].deployed_digest
    task = get_task('cartpole')
    ours.learn(*next_episode(task, ours, task.make_physics(ODD)))
    search = ours.strategy.search
    assert search.tried.index(learned) is not None
    assert np.array_equal(search.reference, learned)


def test_after_a_rollback_the_noise_is_forgotten(shipped):
    ours, _ = played(shipped, LEAD - 1, 'blended', lead=LEAD)
    assert ours.strategy.leading.noise.any()
    ours.roll_back()
    assert not ours.strategy.leading.noise.any()


def test_where_nothing_is_to_be_learned_no_noise_plays(shipped):
    task = get_task('cartpole')
    ours, theirs = (learner(shipped, name) for name in ('blended', 'gains'))
    for _ in range(5):
        digests = {one.learn(*next_episode(task, one, None)).digest for one in (ours, theirs)}
        assert len(digests) == 1


def test_on_acrobots_it_is_a_search():
    task, network = get_task('acrobot'), SpikingQNetwork.load(model_path('acrobot_0'))
    physics, digests = task.make_physics({'link_length': 1.4}), []
    for strategy in ('blended', 'gains'):
        ours = Learner(network, Recipe.of('acrobot', seeds.ADAPTATION, strategy))
        digests.append([ours.learn(*next_episode(task, ours, physics)).digest for _ in range(6)])
    assert digests[0] == digests[1] and len(set(digests[0])) > 1
