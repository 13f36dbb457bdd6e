"""Training uses exactly the network that runs, learns, and resumes bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.encoding import encode
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task, TASKS

torch = pytest.importorskip('torch', reason='the extra "train" is not installed')

import autograd  # noqa: E402
from networks import random_network  # noqa: E402

from rstdp_ros.tasks.training import Settings  # noqa: E402
from rstdp_ros.training.dqn import SEEDS_PER_RUN, train, Trainer  # noqa: E402
from rstdp_ros.training.replay import ReplayMemory  # noqa: E402
from rstdp_ros.training.surrogate import gradient, q_values  # noqa: E402

QUICK = Settings(episodes=8, warm_up_steps=64, validate_every=2, validation_starts=20,
                 replay_capacity=150)


SIZES = [((8, 64, 64, 2), 8), ((12, 256, 256, 3), 3), ((8, 70, 130, 2), 5), ((8, 6, 5, 2), 1)]


def batch(network, size):
    """Draw what a network of a task might have to learn."""
    generator = np.random.default_rng(0)
    observations = generator.normal(size=(size, network.observation_size)).astype(np.float32)
    return (observations, generator.integers(0, network.sizes[-1], size),
            generator.normal(size=size).astype(np.float32))


@pytest.mark.parametrize('sizes, ticks', SIZES)
def test_trains_the_network_that_runs(sizes, ticks):
    network = random_network(1, sizes, ticks)
    observations, *_ = batch(network, 30)
    ours = np.array([network.q_values(o) for o in observations])
    assert np.array_equal(q_values(network.weights, network.neuron, observations), ours)
    torchs = autograd.q_values([torch.tensor(w) for w in network.weights],
                               torch.from_numpy(encode(observations)), *network.neuron.membrane,
                               network.neuron.ticks)
    assert np.allclose(torchs.numpy(), ours, atol=1e-4)


@pytest.mark.parametrize('loss, theirs', [('huber', torch.nn.functional.smooth_l1_loss),
                                          ('mse', torch.nn.functional.mse_loss)])
@pytest.mark.parametrize('sizes, ticks', SIZES)
def test_the_gradient_is_that_of_autograd(sizes, ticks, loss, theirs):
    network = random_network(2, sizes, ticks)
    observations, actions, goals = batch(network, 40)
    weights = [torch.tensor(w, requires_grad=True) for w in network.weights]
    q = autograd.q_values(weights, torch.from_numpy(encode(observations)),
                          *network.neuron.membrane, ticks)
    expected = theirs(q.gather(1, torch.from_numpy(actions)[:, None]).squeeze(1),
                      torch.from_numpy(goals))
    expected.backward()
    found, slopes = gradient(network.weights, network.neuron, observations, actions, goals, loss)
    assert found == pytest.approx(expected.item(), rel=1e-4)
    for w, slope in zip(weights, slopes):
        assert slope.shape == tuple(w.shape) and w.grad.abs().max() > 1e-4
        assert np.abs(slope - w.grad.numpy()).max() <= 1e-4 * w.grad.abs().max().item()


@pytest.mark.parametrize('name', TASKS)
def test_the_scale_of_training_is_folded_into_w1(name):
    task = get_task(name)
    trainer = Trainer(task, 5, task.settings())
    scale = np.array(task.robot.observation_scale, np.float32)
    observations = np.random.default_rng(0).normal(size=(300, len(scale))).astype(np.float32)
    trained = q_values([w.detach().numpy() for w in trainer.online], task.network.neuron,
                       observations * scale)
    network = trainer.network(trainer.online)
    folded = np.array([network.q_values(o) for o in observations])
    assert np.allclose(folded, trained, atol=1e-4)
    assert np.array_equal(folded.argmax(1), trained.argmax(1))
    # Without it they would be other values: the scale matters.
    raw = Trainer(task, 5, task.settings(equal_scale=False))
    assert np.array_equal(raw.network(raw.online).weights[0], trainer.online[0].detach().numpy())
    assert not np.allclose([raw.network(raw.online).q_values(o) for o in observations], trained)


def random_episode(task, seed):
    """Return what a plant shows under random efforts."""
    generator, constants = np.random.default_rng((seed, 2)), task.physics().constants()
    state, seen = tuple(task.start_states([seed])[0]), []
    while not task.ended(state, constants) and len(seen) < task.max_episode_steps:
        seen.append(task.robot.observation(*task.robot.pose(state)))
        state = task.step(state, generator.choice(task.robot.efforts), constants)
    return seen


@pytest.mark.parametrize('name', TASKS)
def test_the_scale_is_one_over_the_root_mean_square_of_what_is_observed(name):
    task, starts = get_task(name), seeds.block(seeds.SELECTION, 60)
    networks = [SpikingQNetwork.load(share_path(f'models/{name}_{i}.npz')) for i in range(3)]
    shown = [task.episode(network, seed, trajectory=True).trajectory
             for network in networks for seed in starts[:20]]
    groups = ([task.robot.observation(*joints) for seen in shown
               for joints in zip(seen.positions, seen.velocities)],
              [o for seed in starts for o in random_episode(task, seed)])
    square = np.mean([np.square(group).mean(0) for group in groups], axis=0)
    assert np.allclose(task.robot.observation_scale * np.sqrt(square), 1.0, atol=0.15)


def test_replay_keeps_the_latest():
    memory = ReplayMemory(3, 1)
    for i in range(5):
        memory.add(np.array([i]), i, float(i), np.array([i + 1]), i == 4)
    assert len(memory) == 3 and sorted(memory.actions) == [2, 3, 4]
    batch = memory.sample(50, np.random.default_rng(0))
    assert set(batch.actions) == {2, 3, 4}
    assert np.array_equal(batch.next_observations, batch.observations + 1)


def outcome(trainer):
    """Return what a run leads to."""
    return trainer.result().digest, trainer.network(trainer.online).digest, trainer.steps


@pytest.mark.parametrize('robust', [False, True])
def test_a_resumed_training_ends_like_an_undisturbed_one(cartpole, tmp_path, robust):
    path = tmp_path / 'training.pt'
    settings = replace(QUICK, random_plants=True,
                       observation_scale=cartpole.robot.observation_scale) if robust else QUICK
    whole = Trainer(cartpole, 3, settings)
    train(whole, path, lambda progress: None)
    part = Trainer(cartpole, 3, settings)

    def interrupt(progress):
        if progress.episode == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(part, path, interrupt)
    resumed = Trainer.load(cartpole, path)
    assert resumed.episode == 4
    train(resumed, path, lambda progress: None)
    assert outcome(resumed) == outcome(whole)
    assert outcome(Trainer.load(cartpole, path)) == outcome(whole)


def test_every_episode_has_the_plant_of_its_seed(cartpole):
    trainer = Trainer(cartpole, 2, replace(QUICK, random_plants=True))
    first = 2 * SEEDS_PER_RUN
    for seed in range(first, first + 5):
        trainer.run_episode()
        assert trainer.plant.physics == cartpole.random_plant(seed)


@pytest.mark.parametrize('options, kind', [
    ([], 'cartpole'), (['--random-plants', '--raw-observations'], 'cartpole_robust')])
def test_a_card_names_the_command_that_trains_its_network(options, kind, cartpole, tmp_path,
                                                          monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ['train', 'cartpole', '--seed', '7', '--episodes', '2', *options]
    assert main(command) == 0
    network = SpikingQNetwork.load(f'{kind}_7.npz')
    cartpole.check_network(network)
    card = (tmp_path / f'{kind}_7.md').read_text()
    assert f'`{" ".join(["rstdp_ros", *command])}`' in card
    assert network.digest in card and ('random plants' in card) == bool(options)


def test_learning_lowers_the_loss_on_a_fixed_memory(cartpole):
    trainer = Trainer(cartpole, 0, Settings(polyak=0.0))
    for i in range(300):
        seed = i % 7
        observation = np.random.default_rng(seed).normal(size=4).astype(np.float32)
        trainer.memory.add(observation, seed % 2, float(seed), observation, True)
    losses = [trainer._update(trainer.memory.sample(64, trainer.generator)) for _ in range(200)]
    assert np.mean(losses[-10:]) < 0.2 * np.mean(losses[:10])


def test_says_what_cannot_be_resumed(cartpole, tmp_path):
    with pytest.raises(RstdpError, match='no training checkpoint'):
        Trainer.load(cartpole, tmp_path / 'nix.pt')
    (tmp_path / 'bad.pt').write_bytes(b'rubbish')
    with pytest.raises(RstdpError, match='damaged'):
        Trainer.load(cartpole, tmp_path / 'bad.pt')
    for strange in ([1], 5, {}, {'task': 'cartpole'}, {'task': ['cartpole']},
                    {'task': 'cartpole', 'seed': 0, 'settings': {'x': 1}}):
        torch.save(strange, tmp_path / 'bad.pt')
        with pytest.raises(RstdpError, match='bad.pt.*(damaged|a run of task)'):
            Trainer.load(cartpole, tmp_path / 'bad.pt')
    with pytest.raises(RstdpError, match='seed 1000'):
        Trainer(cartpole, 1000)
    with pytest.raises(RstdpError, match='more episodes'):
        Trainer(cartpole, 0).result()
