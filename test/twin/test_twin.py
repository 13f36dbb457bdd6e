"""The twin: what is identified, when it is doubted, and what it makes of a network."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.plasticity.checkpoint import decode, encode
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks import get_task
from rstdp_ros.twin.adequacy import adequacy
from rstdp_ros.twin.agreement import Agreement, combined
from rstdp_ros.twin.identification import identify
from rstdp_ros.twin.memory import Memory
from rstdp_ros.twin.misfit import Misfit
from rstdp_ros.twin.prior import Prior
from rstdp_ros.twin.segments import segments

PLANTS = {
    'cartpole': [
        {'pole_half_length': 0.8, 'pole_mass': 0.3, 'force_magnitude': 5.0},
        {'pole_half_length': 0.2, 'actuator_delay': 0.03, 'cart_damping': 1.0},
        {'pole_mass': 0.5, 'actuator_delay': 0.01, 'cart_friction': 0.2, 'pole_friction': 0.01,
         'pole_position_factor': 0.8, 'cart_velocity_factor': 1.5, 'pole_velocity_offset': 0.05}],
    'acrobot': [
        {'link_length': 1.3, 'torque_magnitude': 1.4},
        {'link_mass': 1.2, 'actuator_delay': 0.1, 'elbow_damping': 0.1,
         'shoulder_velocity_factor': 1.3}]}
CASES = [(task, values) for task in PLANTS for values in PLANTS[task]]
# Held fixed by nothing: a common scale of these does not show.
SCALED = {'link_mass', 'link_moi', 'torque_magnitude', 'elbow_damping'}
PARTS = ('use_twin', 'use_gains', 'use_rstdp')
QUICK = {'generations': 2, 'candidates': 6, 'starts': 8, 'validation_starts': 40}


def network_of(name):
    return SpikingQNetwork.load(model_path(f'{name}_0'))


def seen(name, values, seed=seeds.ADAPTATION, noise=0.0):
    """Return what a plant shows in an episode, with noisy sensors."""
    task = get_task(name)
    physics = task.make_physics(values)
    trajectory = task.episode(network_of(name), seed, physics, True).trajectory
    generator = np.random.default_rng(seed)
    positions, velocities = (
        row + noise * scale * generator.normal(size=row.shape)
        for row, scale in ((trajectory.positions, 1.0), (trajectory.velocities, 10.0)))
    return trajectory._replace(positions=positions, velocities=velocities)


@pytest.mark.parametrize('name, values', CASES)
def test_exact_sensors_tell_the_plant(name, values):
    task = get_task(name)
    true = asdict(task.make_physics(values))
    found = identify(task, [seen(name, values)]).estimates()
    scale = (found['link_mass'].value / true['link_mass']) if name == 'acrobot' else 1.0
    for parameter, estimate in found.items():
        if estimate.identifiable:
            value = estimate.value / (scale if parameter in SCALED else 1.0)
            assert value == pytest.approx(true[parameter], rel=1e-2, abs=1e-3), parameter


@pytest.mark.parametrize('name, values', CASES)
def test_intervals_are_as_wide_as_the_noise_asks_for(name, values):
    task = get_task(name)
    true = asdict(task.make_physics(values))
    found = identify(task, [seen(name, values, noise=0.001)]).estimates()
    inside = [estimate.low <= true[parameter] <= estimate.high
              for parameter, estimate in found.items() if estimate.low < estimate.high]
    assert sum(inside) >= len(inside) - 1
    # More is shown, more is known.
    more = identify(task, [seen(name, values, seeds.ADAPTATION + i, 0.001) for i in range(3)])
    width = {name: one.high - one.low for name, one in more.estimates().items()}
    first = next(iter(found))
    assert width[first] < found[first].high - found[first].low


def test_a_model_grows_only_where_the_data_ask_for_it(cartpole):
    simple = identify(cartpole, [seen('cartpole', {'pole_mass': 0.3}, noise=0.001)])
    rubbing = identify(cartpole, [seen('cartpole', {'pole_mass': 0.3, 'cart_damping': 2.0},
                                       noise=0.001)])
    assert simple.estimates()['cart_damping'].value == 0.0
    assert rubbing.estimates()['cart_damping'].low > 0.5


def test_what_data_cannot_tell_is_said(cartpole):
    # Three steps around a light pole's start say little of its mass.
    few = seen('cartpole', {'pole_mass': 0.02}, noise=0.001)
    few = few._replace(**{name: getattr(few, name)[:8] for name in (
        'positions', 'velocities', 'efforts')})
    estimates = identify(cartpole, [few]).estimates()
    assert not estimates['pole_mass'].identifiable
    assert estimates['pole_mass'].low < 0.02 < estimates['pole_mass'].high


def test_what_a_model_has_not_is_left_open(cartpole):
    estimates = identify(cartpole, [seen('cartpole', {'pole_mass': 0.3}, noise=0.001)]).estimates()
    damping, factor = (estimates[name] for name in ('cart_damping', 'cart_position_factor'))
    assert damping.held and damping.low == 0.0 < damping.high < 1.0 and damping.identifiable
    # Force and factors of the sensors leave a common scale open.
    assert factor.held and factor.low < 0.8 and factor.high > 1.25 and not factor.identifiable
    assert not estimates['pole_mass'].held


@pytest.mark.parametrize('name, rubbing', [('cartpole', {'cart_friction': 1.0}),
                                           ('acrobot', {'elbow_friction': 0.1})])
def test_equations_that_lack_friction_are_said_to_lack_something(name, rubbing):
    task = get_task(name)
    frictionless = replace(task, unknowns=tuple(
        unknown for unknown in task.unknowns if unknown.group != 'friction'))
    for values, fits in (({}, True), (rubbing, False)):
        shown = [seen(name, values, seeds.ADAPTATION + 5, noise=0.001)]
        assert identify(frictionless, shown).adequacy.fits is fits
        assert identify(task, shown).adequacy.fits


def test_alarms_without_a_cause_are_as_rare_as_stated(cartpole):
    prior = Prior(cartpole)
    pieces = segments(cartpole, [seen('cartpole', {})])
    fit = Misfit(prior, pieces, np.arange(3), np.array([0.001, 0.02, 0.001, 0.02]))
    generator, alarms, runs = np.random.default_rng(3), 0, 400
    for _ in range(runs):
        noisy = pieces.shown + fit.noise * generator.normal(size=pieces.shown.shape)
        noisy = Misfit(prior, replace(pieces, shown=noisy), fit.free, fit.noise)
        alarms += not adequacy(noisy, np.zeros(3)).fits
    # Binomial: more has a probability of 1 %.
    assert alarms <= 9


def test_exact_sensors_have_no_noise_to_compare_with(cartpole):
    assert identify(cartpole, [seen('cartpole', {})]).adequacy == (1.0, 1.0)


def test_too_little_is_refused(cartpole):
    trajectory = seen('cartpole', {})
    short = trajectory._replace(**{name: getattr(trajectory, name)[:2] for name in (
        'positions', 'velocities', 'efforts')})
    with pytest.raises(RstdpError, match='fewer than'):
        identify(cartpole, [short])


def test_a_task_that_names_no_unknowns_has_no_twin(cartpole):
    with pytest.raises(RstdpError, match='names no unknowns'):
        identify(replace(cartpole, unknowns=()), [seen('cartpole', {})])


def test_memory_keeps_the_latest():
    memory, kept = Memory(2), seen('cartpole', {})
    length = len(kept.efforts)
    for _ in range(4):
        memory.add(kept, length + 1)
    assert len(memory.trajectories) == 2
    again = Memory(2)
    again.restore(memory.state())
    for ours, theirs in zip(memory.trajectories, again.trajectories):
        assert all(map(np.array_equal, ours[:3], theirs[:3]))
    with pytest.raises(RstdpError):
        again.restore({**memory.state(), 'lengths': np.array([1])})


def test_a_true_twin_is_seldom_contradicted():
    generator, alarms, runs = np.random.default_rng(1), 0, 400
    for _ in range(runs):
        agreement = Agreement()
        for _ in range(10):
            agreement.predicted = generator.normal(100, 30, 300)
            alarms += agreement.compare(generator.normal(100, 30))
    assert alarms <= 1.5 * Agreement.FALSE_ALARMS * 10 * runs


def test_a_false_twin_is_contradicted():
    agreement, alarms = Agreement(), []
    for _ in range(4):
        agreement.predicted = np.full(300, 200.0)
        alarms.append(agreement.compare(130.0))
    assert any(alarms[:2])
    assert combined([0.5]) == pytest.approx(0.5) and combined([1.0, 1.0]) == 1.0


def run(name, values, episodes, seed=seeds.ADAPTATION, change=None, **parameters):
    """Adapt by the twin; return the learner and its records."""
    task, physics = get_task(name), get_task(name).make_physics(values)
    recipe = Recipe.of(name, seed, 'twin').with_values(parameters)
    learner, records = Learner(network_of(name), recipe), []
    for i in range(episodes):
        if change and i == change[0]:
            physics = task.make_physics(change[1])
        records.append(learner.learn(*next_episode(task, learner, physics)))
    return learner, records, physics


def test_an_episode_is_enough(cartpole):
    values = {'pole_half_length': 0.9, 'force_magnitude': 4.0}
    starts = seeds.block(seeds.SELECTION, 100)
    learner, _, physics = run('cartpole', values, 1)
    before, after = (cartpole.returns(one, starts, physics).mean()
                     for one in (learner.initial, learner.deployed))
    assert before < 120 and after > 195


def test_what_is_good_is_left_alone():
    learner, records, _ = run('cartpole', {}, 3, **QUICK)
    assert learner.deployed is learner.initial or not any(r.weight_change for r in records)


def test_a_plant_that_changes_is_noticed(cartpole):
    learner, records, physics = run(
        'cartpole', {}, 4, change=(2, {'pole_half_length': 0.9, 'force_magnitude': 4.0}))
    assert 'plant changed' in records[2].event
    starts = seeds.block(seeds.SELECTION, 100)
    assert cartpole.returns(learner.deployed, starts, physics).mean() > 195


@pytest.mark.parametrize('bits', [32, 8])
def test_a_run_that_is_broken_off_goes_on_with_the_same_bits(cartpole, bits):
    from rstdp_ros.snn.quantize import quantize
    network = network_of('cartpole')
    network = quantize(network) if bits == 8 else network
    physics = cartpole.make_physics({'pole_half_length': 0.9, 'force_magnitude': 4.0})

    def fresh():
        return Learner(network, Recipe.of('cartpole', seeds.ADAPTATION, 'twin').with_values(QUICK))

    through, broken = fresh(), fresh()
    for _ in range(3):
        state, broken = broken.state(), fresh()
        broken.restore(decode(encode(state)))
        digests = [one.learn(*next_episode(cartpole, one, physics)).digest
                   for one in (through, broken)]
        assert digests[0] == digests[1]
    assert through.running.digest != network.digest


@pytest.mark.parametrize('left_out', PARTS)
def test_a_part_that_is_left_out_changes_nothing(left_out, shipped, demo_physics, cartpole):
    def play(*parts):
        values = {**QUICK, **{name: name in parts for name in PARTS}}
        recipe = Recipe.of('cartpole', seeds.ADAPTATION, 'combined').with_values(values)
        learner = Learner(shipped, recipe)
        for _ in range(3):
            learner.learn(*next_episode(cartpole, learner, demo_physics))
        w1, w2, _ = map(np.array_equal, learner.running.weights, shipped.weights)
        return learner.strategy.identified is not None, not w1, not w2

    twin, w1, w2 = play(*(name for name in PARTS if name != left_out))
    assert twin == (left_out != 'use_twin')
    assert not (w1 and left_out == 'use_gains') and not (w2 and left_out == 'use_rstdp')
    # What is left where everything else is left out.
    assert play(left_out) == {'use_twin': (True, False, False), 'use_gains': (False, True, False),
                              'use_rstdp': (False, False, True)}[left_out]


def test_episodes_of_a_few_steps_teach_nothing_yet(cartpole, shipped):
    learner = Learner(shipped, Recipe.of('cartpole', 5, 'twin'))
    for steps in (3, 1, 1):  # as many rows as a plant needs, but not side by side
        rasters, _, trajectory = cartpole.episode(learner.running, 5, trajectory=True)
        short = Trajectory(*(rows[:steps] for rows in trajectory[:3]), *trajectory[3:])
        record = learner.learn(rasters[:steps], float(steps), short)
        assert 'too short' in record.event and record.digest == shipped.digest
    record = learner.learn(*cartpole.episode(learner.running, 5, trajectory=True))
    assert 'too short' not in record.event
