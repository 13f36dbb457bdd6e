"""The policy's side of the protocol, rule by rule."""

from networks import random_network
import numpy as np
import pytest

from rstdp_ros.backends.cpu import CpuBackend
from rstdp_ros.protocol.episode import announced_policy, split_raster_frame
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.support.errors import RstdpError


def policy(cartpole, **options):
    """Return a policy with a network of its own."""
    return PolicyProtocol(cartpole, CpuBackend(random_network(1)), **options)


def test_weights_change_only_when_the_episode_does(cartpole):
    p, new = policy(cartpole), random_network(2)
    old, values = p.digest, np.ones(4, np.float32)
    p.observation('a-1', values)
    assert p.weights(new) and p.digest == new.digest
    answer = p.observation('a-1', values)
    assert split_raster_frame(answer.frame) == ('a-1', old[:16])
    answer = p.observation('a-2', values)
    assert split_raster_frame(answer.frame) == ('a-2', new.digest[:16])


def test_two_environments_are_noticed(cartpole):
    p, values = policy(cartpole), np.ones(4, np.float32)
    for episode_id in ('a-1', 'a-1', 'a-2', 'b-7', 'a-2', 'b-7'):
        p.observation(episode_id, values)
    assert p.counters['observations of two environments'] == 2


def test_answers_nothing_before_the_weights_it_must_have(cartpole):
    p = policy(cartpole, require_weights=True)
    values = np.ones(4, np.float32)
    assert p.observation('a-1', values) is None
    assert p.weights(random_network(2))
    assert p.observation('a-1', values) is not None


def test_refuses_what_it_cannot_run(cartpole):
    p = policy(cartpole)
    before = p.digest
    with pytest.raises(RstdpError, match='not finite'):
        p.observation('a-1', np.array([0, np.nan, 0, 0], np.float32))
    for other, reason in ((random_network(1, (12, 8, 8, 3)), '6 observations and has 3 actions'),
                          (random_network(1, (8, 32, 64, 2)), 'weights of a network'),
                          (random_network(1, ticks=4), 'ticks')):
        with pytest.raises(RstdpError, match=reason):
            p.weights(other)
    assert p.digest == before


def test_a_policy_waits_until_it_is_heard(cartpole):
    p, new = policy(cartpole, require_weights=True), random_network(2)
    values = np.ones(4, np.float32)
    assert not p.weights(new, ('another',)) and not p.heard
    assert p.observation('a-1', values) is None
    name, digest = split_raster_frame(p.announcement().frame)
    assert announced_policy(name) == p.name and digest == new.digest[:16]
    assert p.announcement().raster.shape == (8, 128) and not p.announcement().raster.any()
    assert p.weights(new, ('another', p.name)) and p.heard
    assert p.observation('a-1', values) is not None
    # Adaptation died and is back: this episode goes on, the next one waits for no proof.
    assert not p.weights(random_network(3), ())
    assert p.observation('a-1', values) is not None
