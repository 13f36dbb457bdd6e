"""Fixed point equals its plain reference; 8-bit weights stay 8 bits, whatever learns."""

from dataclasses import replace
import json

from networks import random_network, with_w2
import numpy as np
import pytest
import reference

from rstdp_ros.cli.main import main
from rstdp_ros.experiments import quantization
from rstdp_ros.plasticity import AdaptationRun, BoundsParameters, GuardParameters, make_learner
from rstdp_ros.plasticity.rounding import rounded
from rstdp_ros.snn import NetworkFileError, quantize, SpikingQNetwork
from rstdp_ros.snn.files import network_to_bytes
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks.rollout import roll_out

SEED = 200_000_000
SIZES = [((8, 64, 64, 2), 8, 0.5), ((12, 256, 256, 3), 3, 1.0), ((4, 5, 7, 3), 4, 0.5)]
SHIPPED = [f'{task}_{i}' for task in ('cartpole', 'acrobot') for i in range(3)]


@pytest.fixture(scope='module')
def eight_bits(shipped):
    """Return the first shipped network in fixed point."""
    return quantize(shipped)


def assert_equals_the_reference(network, observation):
    result = network.infer(observation)
    v, spikes = reference.infer_fixed(network, observation)
    assert np.array_equal(result.q_values, network.fixed.q_values(v))
    assert result.q_values.dtype == np.float32 and result.action == v.argmax()
    for ours, plain in zip(result.spikes, spikes):
        assert ours.dtype == np.uint8 and np.array_equal(ours, plain)
    return result.raster.mean()


@pytest.mark.parametrize('sizes, ticks, threshold', SIZES)
def test_equals_the_integer_reference(sizes, ticks, threshold):
    spiked = 0
    for seed in range(20):
        network = quantize(random_network(seed, sizes, ticks, threshold))
        generator = np.random.default_rng(seed)
        observation = generator.normal(size=sizes[0] // 2).astype(np.float32)
        spiked += assert_equals_the_reference(network, observation) / 20
        # Far beyond what a sensor says: u wraps around, v and the current saturate.
        assert_equals_the_reference(network, observation * 10.0 ** generator.integers(1, 6))
    assert 0.05 < spiked < 0.95


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_networks_equal_the_integer_reference(name):
    network = quantize(SpikingQNetwork.load(model_path(name)))
    generator = np.random.default_rng(1)
    for scale in np.repeat((0.02, 0.3, 2.0), 10):
        assert_equals_the_reference(network, scale * generator.normal(
            size=network.observation_size).astype(np.float32))


def test_observations_of_any_size_have_a_meaning(eight_bits):
    for strange in (1e30, -1e30, 3e38, 1e-40, -0.0):
        assert_equals_the_reference(eight_bits, np.full(4, strange, np.float32))


def test_the_host_computes_the_same_input_current(eight_bits):
    largest = 0
    for size in (0.01, 1.0, 1e4):
        observation = size * np.random.default_rng(0).normal(size=4).astype(np.float32)
        current = eight_bits.fixed.current(observation)
        largest = max(largest, np.abs(current).max())
        assert np.array_equal(current, reference.input_current(eight_bits, observation))
    assert largest == 2**15 - 1


def test_the_integers_are_what_a_chip_takes(shipped, eight_bits):
    integers, scales = eight_bits.integers, eight_bits.scales
    assert eight_bits.quantized and not shipped.quantized and shipped.integers == ()
    assert (eight_bits.fixed.du, eight_bits.fixed.dv) == (818, 819)
    assert eight_bits.fixed.thresholds == tuple(round(0.5 * s) for s in scales[:2])
    for w, k, original, scale in zip(eight_bits.weights, integers, shipped.weights, scales):
        assert k.dtype == np.int32 and not (k % 2).any() and np.abs(k).max() == 254
        assert np.array_equal(w, (k / scale).astype(np.float32))
        assert np.abs(w - original).max() <= 1.0001 / scale


def test_different_potentials_stay_different(eight_bits):
    v = 2**23 - 1 - np.arange(10_000)
    assert (np.diff(eight_bits.fixed.q_values(v)) < 0).all()


def test_batches_give_the_bits_of_single_inferences(cartpole, eight_bits):
    episode = cartpole.episode(eight_bits, SEED)
    steps = roll_out(cartpole, cartpole.make_plant(), eight_bits, SEED)
    assert np.array_equal(steps.rasters, episode.rasters)
    assert cartpole.returns(eight_bits, [SEED])[0] == episode.episode_return == steps.returns[-1]


def test_files_keep_what_makes_a_network_count(tmp_path, shipped, eight_bits):
    eight_bits.save(tmp_path / 'q.npz')
    loaded = SpikingQNetwork.load(tmp_path / 'q.npz')
    assert loaded.scales == eight_bits.scales and loaded.digest == eight_bits.digest
    assert loaded.metadata['quantized_from'] == shipped.digest
    observation = np.array([0.1, -0.2, 0.03, 0.4], np.float32)
    assert np.array_equal(loaded.infer(observation).raster, eight_bits.infer(observation).raster)
    # A network of floating point is written as it always was.
    assert network_to_bytes(shipped) == model_path('cartpole_0').read_bytes()


def remade(network, **changes):
    """Return the network made anew with other constants, scales or weights."""
    constants = {name: changes.pop(name) for name in ('alpha', 'beta', 'threshold')
                 if name in changes}
    return network.replace(neuron=replace(network.neuron, **constants), **changes)


@pytest.mark.parametrize('changes, reason', [
    ({'scales': (60.0, 60.0)}, 'expected three positive numbers'),
    ({'scales': (60.0, -1.0, 60.0)}, 'expected three positive numbers'),
    ({'scales': (60.0, np.nan, 60.0)}, 'a scale = nan is not a finite number'),
    ({'scales': (60.0, 60.0, 60.0)}, 'W1 is not on the grid of its scale 60.0'),
    ({'scales': (1e-320, 1e308, 60.0)}, 'W1 is not on the grid'),
    ({'alpha': 0.99999}, 'alpha = 0.99999 makes a decay of -1/4096'),
    ({'beta': 0.0}, 'beta = 0.0 makes a decay of 4096/4096'),
    ({'threshold': 1e-3}, 'the threshold of hidden 1 becomes 0'),
    ({'threshold': 1e4}, 'the threshold of hidden 1 becomes 608'),
])
def test_what_integers_cannot_hold_is_refused(eight_bits, changes, reason):
    with pytest.raises(RstdpError, match=reason) as error:
        remade(eight_bits, **changes)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('old, new, reason', [
    (b'"scales": [', b'"scalez": [', 'lacks scales'),
    (b'"scales": [6', b'"scales": [7', 'W1 is not on the grid'),
    (b'"scales": [60.', b'"scales": ["6"', "a scale must be a number, not '6'"),
    (b'"version": 2', b'"version": 3', 'format version 3; this release reads versions 1 and 2'),
])
def test_a_bad_file_is_refused(eight_bits, old, new, reason):
    import io
    with np.load(io.BytesIO(network_to_bytes(eight_bits))) as archive:
        content = {name: archive[name] for name in archive.files}
    text = str(content['metadata'])
    changed = text.replace(old.decode(), new.decode()).replace('"6"89', '"6", 8')
    assert changed != text
    buffer = io.BytesIO()
    np.savez(buffer, **{**content, 'metadata': np.array(changed)})
    with pytest.raises(NetworkFileError, match=reason):
        SpikingQNetwork.from_bytes(buffer.getvalue())


def test_only_weights_on_the_grid_are_taken(eight_bits):
    w2 = eight_bits.weights[1].copy()
    assert with_w2(eight_bits, w2).scales == eight_bits.scales
    w2[3, 4] += 1e-3
    with pytest.raises(RstdpError, match='W2 is not on the grid'):
        with_w2(eight_bits, w2)
    with pytest.raises(RstdpError, match='quantised already'):
        quantize(eight_bits)
    with pytest.raises(RstdpError, match='W3 is all zeros'):
        quantize(eight_bits.replace(weights=(*eight_bits.weights[:2], np.zeros((64, 2))),
                                    scales=()))


def in_steps(network, w2):
    """Return how many steps w2 is away from the network's."""
    return np.rint((w2.astype(float) - network.weights[1]) * network.scales[1] / 2)


def test_stochastic_rounding_is_right_on_average(eight_bits):
    step = 2 / eight_bits.scales[1]
    inner = np.abs(eight_bits.integers[1]) < 250  # away from saturation
    for fraction in (0.03, -0.3, 1.5):
        wanted = (eight_bits.weights[1] + fraction * step).astype(np.float32)
        moved = [in_steps(eight_bits, rounded(eight_bits, wanted, 'stochastic', SEED, i))[inner]
                 for i in range(50)]
        assert {*np.unique(moved)} == {np.floor(fraction), np.ceil(fraction)}
        error = np.std(moved) / np.sqrt(np.size(moved))
        assert abs(np.mean(moved) - fraction) < 4 * error
        nearest = in_steps(eight_bits, rounded(eight_bits, wanted, 'nearest', SEED, 0))[inner]
        assert (nearest == np.rint(fraction)).all() or fraction == 1.5


def test_rounding_leaves_alone_what_nothing_changes_and_saturates(eight_bits):
    for rounding in ('stochastic', 'nearest'):
        same = rounded(eight_bits, eight_bits.weights[1], rounding, SEED, 0)
        assert with_w2(eight_bits, same).digest == eight_bits.digest
        far = rounded(eight_bits, eight_bits.weights[1] + np.float32(100), rounding, SEED, 0)
        assert (with_w2(eight_bits, far).integers[1] == 254).all()
    wanted = eight_bits.weights[1] + np.float32(1e-3)
    draws = [rounded(eight_bits, wanted, 'stochastic', *key)
             for key in ((SEED, 0), (SEED, 0), (SEED, 1), (SEED + 1, 0))]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2]) and not np.array_equal(draws[0], draws[3])


def play(run, cartpole, physics, count):
    """Learn from episodes; return the digests."""
    digests = []
    for _ in range(count):
        episode = cartpole.episode(run.learner.running, run.learner.next_seed, physics)
        digests.append(run.finish_episode(episode.rasters, episode.episode_return).digest)
    return digests


@pytest.mark.parametrize('rule', ['rstdp', 'random'])
def test_a_resumed_run_of_8_bits_goes_on_bit_for_bit(rule, cartpole, demo_physics, eight_bits,
                                                     tmp_path):
    def start(folder):
        learner = make_learner(eight_bits, SEED, 'paper', rule,
                               guard_parameters=GuardParameters(window=3))
        return AdaptationRun(learner, folder)

    undisturbed = start(None)
    expected = play(undisturbed, cartpole, demo_physics, 12)
    assert len(set(expected)) >= 4 and undisturbed.learner.running.quantized
    digests = []
    for part in (1, 4, 7):
        run = start(tmp_path)
        assert run.resume(pytest.fail) == bool(digests)
        digests += play(run, cartpole, demo_physics, part)
    assert digests == expected
    as_float = make_learner(remade(eight_bits, scales=()), SEED, 'paper', rule)
    with pytest.raises(RstdpError, match='another run: scales'):
        AdaptationRun(as_float, tmp_path).resume(lambda reason: None)


def test_small_updates_count_only_by_stochastic_rounding(cartpole, demo_physics, eight_bits):
    def digests(rounding):
        bounds = BoundsParameters(max_update=0.005, weight_rounding=rounding)
        learner = make_learner(eight_bits, SEED, 'default', guard='none', bounds=bounds)
        return play(AdaptationRun(learner), cartpole, demo_physics, 3)

    assert len({eight_bits.digest, *digests('stochastic')}) >= 3
    assert {*digests('nearest')} == {eight_bits.digest}


def test_a_run_of_8_bits_is_replayed_from_its_bag(tmp_path, eight_bits, demo_physics):
    pytest.importorskip('rosbags')
    from bag_maker import digests, RecordedRun, replayed
    run = RecordedRun(tmp_path / 'bag', network=eight_bits, physics=demo_physics)
    for _ in range(4):
        run.play()
    run.close()
    steps, _, _ = replayed(tmp_path / 'bag')
    assert digests(steps) == run.digests and len(set(run.digests)) == 4


def test_finer_steps_are_taken_where_plain_ones_cost_too_much(cartpole):
    network = SpikingQNetwork.load(model_path('cartpole_2'))
    factors = quantization.choose_factors(cartpole, network, 40)
    starts = range(150_000_000, 150_000_200)
    plain, chosen = (cartpole.returns(quantize(network, f), starts).mean()
                     for f in (quantization.PLAIN, factors))
    assert plain + 1.0 < chosen and factors[2] == 1.0 and factors != quantization.PLAIN


def test_the_verb_writes_and_measures(tmp_path, capsys, shipped, cartpole):
    out = tmp_path / 'q.npz'
    assert main(['quantize', 'cartpole_0', str(out), '--episodes', '5', '--seed', '150000000',
                 '--plain', '--json']) == 0
    result = json.loads(capsys.readouterr().out)
    network = SpikingQNetwork.load(out)
    assert network.digest == result['digest'] and network.scales == tuple(result['scales'])
    assert result['float_digest'] == shipped.digest and result['factors'] == [1, 1, 1]
    starts = range(150_000_000, 150_000_005)
    assert result['quantized']['mean'] == cartpole.returns(network, starts).mean()
    assert result['observations'] == 5 * 200 and 0.5 < result['agreement'] < 1
    assert main(['adapt', 'cartpole', '--model', str(out), '--episodes', '2', '--set',
                 'weight_rounding=nearest']) == 0
    capsys.readouterr()  # a busy machine takes so long that it shows progress
    for arguments, reason in (([out, tmp_path / 'qq.npz'], 'quantised already'),
                              (['nix.npz', out], 'nix.npz: no such file'),
                              (['cartpole_0', out / 'x.npz', '--plain'], 'cannot be written'),
                              (['cartpole_0', out, '--episodes', 0], '--episodes 0')):
        assert main(['quantize', *map(str, arguments)]) == 2
        error = capsys.readouterr().err
        assert reason in error and error.count('\n') == 1
