"""The rules that are compared: their eligibilities, credit and controls."""

import importlib.util

import numpy as np
import pytest

from rstdp_ros.experiments.rules.actor_critic import ActorCritic, ActorCriticParameters
from rstdp_ros.experiments.rules.eligibility import Feedback, gradients, Seen
from rstdp_ros.plasticity import Shown
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError

TEMPERATURE = 5.0


def seen_in(task, network, physics):
    """Return what an episode showed, and credit for its steps."""
    episode = task.episode(network, seeds.ADAPTATION, physics, trajectory=True)
    observations = np.array([task.robot.observation(*joints) for joints in zip(
        episode.trajectory.positions, episode.trajectory.velocities)], np.float32)
    q = network.q_values_of(episode.rasters)
    credit = np.random.default_rng(0).normal(size=len(q))
    return episode, Seen(observations, episode.rasters, q.argmax(1), q), credit


@pytest.mark.skipif(importlib.util.find_spec('torch') is None, reason='torch is not installed')
def test_eligibilities_point_where_the_gradient_does(cartpole, shipped, demo_physics):
    from autograd import q_values
    import torch
    _, seen, credit = seen_in(cartpole, shipped, demo_physics)
    weights = [torch.tensor(w.astype(np.float64), requires_grad=True) for w in shipped.weights]
    inputs = np.zeros((len(seen.q), 8))
    inputs[:, 0::2] = seen.observations.clip(0)
    inputs[:, 1::2] = (-seen.observations).clip(0)
    q = q_values(weights, torch.tensor(inputs), *shipped.neuron.membrane, shipped.neuron.ticks)
    chosen = torch.log_softmax(q / TEMPERATURE, 1)[range(len(q)), seen.actions]
    (chosen * TEMPERATURE * torch.tensor(credit)).sum().backward()
    changes = gradients(shipped, seen, credit, TEMPERATURE, None)
    for change, w, least in zip(changes, weights, (0.6, 0.6, 0.999)):
        exact = w.grad.numpy()
        cosine = (change * exact).sum() / np.linalg.norm(change) / np.linalg.norm(exact)
        assert cosine > least


def test_random_feedback_leaves_the_readout_alone(cartpole, shipped, demo_physics):
    _, seen, credit = seen_in(cartpole, shipped, demo_physics)
    feedback = Feedback.drawn(shipped, np.random.default_rng(1))
    exact, random = (gradients(shipped, seen, credit, TEMPERATURE, each)
                     for each in (None, feedback))
    assert np.array_equal(exact[2], random[2])
    for ours, theirs in zip(exact[:2], random[:2]):
        assert not np.allclose(ours, theirs)


def test_it_moves_each_layer_as_far_as_it_is_told(cartpole, shipped, demo_physics):
    episode, *_ = seen_in(cartpole, shipped, demo_physics)
    missing = 1.0 - episode.episode_return / 200.0
    assert 0.1 < missing < 1.0
    proposal = ActorCritic(shipped, ActorCriticParameters(speed_w2=0.02)).propose(
        Shown(shipped, *episode))
    for w, before, speed in zip(proposal.weights, shipped.weights, (0.01, 0.02, 0.0)):
        assert np.linalg.norm(w - before) == pytest.approx(
            speed * missing * np.linalg.norm(before), rel=1e-4)


def test_its_controls_go_elsewhere_as_far(cartpole, shipped, demo_physics):
    episode, *_ = seen_in(cartpole, shipped, demo_physics)
    ours, opposite, shuffled = (
        ActorCritic(shipped, ActorCriticParameters(credit=credit)).propose(
            Shown(shipped, *episode)).weights[0] - shipped.weights[0]
        for credit in ('centred', 'opposite', 'shuffled'))
    assert np.allclose(ours, -opposite, atol=1e-6)
    assert np.linalg.norm(ours) == pytest.approx(np.linalg.norm(shuffled), rel=1e-4)
    assert not np.allclose(ours, shuffled, atol=1e-4)


def test_without_a_trajectory_it_cannot_learn(shipped):
    with pytest.raises(RstdpError, match='joints'):
        ActorCritic(shipped).propose(Shown(shipped, np.zeros((1, 8, 128), np.uint8), 1.0))
