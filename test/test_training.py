"""Training uses exactly the network that runs, learns, and resumes bit for bit."""

import numpy as np
import pytest

from rstdp_ros.errors import RstdpError
from rstdp_ros.snn.encoding import encode

torch = pytest.importorskip('torch', reason='the extra "train" is not installed')

from conftest import random_network  # noqa: E402

from rstdp_ros.training.dqn import Settings, train, Trainer  # noqa: E402
from rstdp_ros.training.replay import ReplayMemory  # noqa: E402
from rstdp_ros.training.surrogate import q_values, SLOPE, SurrogateSpike  # noqa: E402

QUICK = Settings(episodes=8, warm_up_steps=64, validate_every=2, validation_starts=20,
                 replay_capacity=150)


def test_trains_the_network_that_runs():
    for seed in range(20):
        network = random_network(seed)
        observations = np.random.default_rng(seed).normal(size=(30, 4)).astype(np.float32)
        weights = [torch.from_numpy(w.copy()) for w in network.weights]
        q = q_values(weights, torch.from_numpy(encode(observations)), *network.neuron.membrane,
                     network.neuron.ticks).numpy()
        ours = np.array([network.q_values(o) for o in observations])
        assert np.allclose(q, ours, atol=1e-4)


def test_surrogate_gradient():
    x = torch.tensor([-0.5, 0.0, 0.2], requires_grad=True)
    y = SurrogateSpike.apply(x)
    assert y.tolist() == [0.0, 0.0, 1.0]
    y.sum().backward()
    assert torch.allclose(x.grad, 1 / (1 + SLOPE * x.detach().abs()) ** 2)


def test_replay_keeps_the_latest():
    memory = ReplayMemory(3, 1)
    for i in range(5):
        memory.add(np.array([i]), i, float(i), np.array([i + 1]), i == 4)
    assert len(memory) == 3 and sorted(memory.actions) == [2, 3, 4]
    batch = memory.sample(50, np.random.default_rng(0))
    assert set(batch.actions.tolist()) == {2, 3, 4}
    assert torch.equal(batch.next_inputs[:, 0], batch.inputs[:, 0] + 1)


def outcome(trainer):
    """Return what a run leads to."""
    return trainer.result().digest, trainer.network(trainer.online).digest, trainer.steps


def test_a_resumed_training_ends_like_an_undisturbed_one(cartpole, tmp_path):
    path = tmp_path / 'training.pt'
    whole = Trainer(cartpole, 3, QUICK)
    train(whole, path, lambda progress: None)
    part = Trainer(cartpole, 3, QUICK)

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
