"""What must teach nothing: impossible returns, efforts of somebody else, weights of a stranger."""

from dataclasses import replace

from networks import random_network, with_w2
import numpy as np
import pytest

from rstdp_ros.backends.cpu import CpuBackend
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.plasticity import Recipe
from rstdp_ros.protocol.adaptation import AdaptationProtocol
from rstdp_ros.protocol.envelope import Envelope
from rstdp_ros.protocol.episode import efforts_digest, EpisodeEnd, split_raster_frame
from rstdp_ros.protocol.lockstep import Lockstep
from rstdp_ros.protocol.objection import objection
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.protocol.realtime import RealTime
from rstdp_ros.snn.quantize import quantize
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.gym import GymPlant

SEED = 200_000_000


def verdict(task, steps, episode_return):
    """Return what a listening adaptation says of an episode with such a return."""
    network = random_network(1, task.network.sizes)
    raster = np.zeros((8, sum(task.network.sizes[1:3])), np.uint8)
    a = AdaptationProtocol(paced=False, objection=lambda *episode: objection(
        task, lambda: network, False, *episode))
    a.begin(network.digest, SEED, 0.0)
    for stamp in range(steps):
        a.raster('a-1', stamp, network.digest[:16], raster, 0.0)
    outcome, *_ = a.end(EpisodeEnd('a-1', 'terminated', 1, steps, episode_return), 0.0)
    return getattr(outcome, 'reason', '')


IMPOSSIBLE = [('cartpole', 150, 1500.0), ('cartpole', 30, 31.0), ('cartpole', 200, 201.0),
              ('cartpole', 30, -1.0), ('cartpole', 30, 1e308), ('acrobot', 500, 0.0),
              ('acrobot', 80, 5.0), ('acrobot', 100, -600.0)]


@pytest.mark.fault('learning', 'a return that no episode can have is believed',
                   'one 1500 instead of 150 leaves 110.7 deployed instead of 157.9')
@pytest.mark.parametrize('name, steps, episode_return', IMPOSSIBLE)
def test_an_impossible_return_teaches_nothing(name, steps, episode_return, measured):
    assert f'returned {episode_return:g}' in verdict(get_task(name), steps, episode_return)
    measured('refused over ROS, by hand, in bags and offline')


@pytest.mark.parametrize('name, steps, episode_return', [
    ('cartpole', 150, 150.0), ('cartpole', 30, 29.99999), ('cartpole', 200, 200.00001),
    ('acrobot', 500, -500.0), ('acrobot', 80, -79.0), ('acrobot', 1, 0.0)])
def test_a_possible_return_teaches(name, steps, episode_return):
    assert verdict(get_task(name), steps, episode_return) == ''


@pytest.mark.parametrize('name, value', [('cartpole', 1500.0), ('cartpole', -1.0),
                                         ('acrobot', 1.0), ('acrobot', -501.0)])
def test_an_impossible_return_by_hand_is_ignored(name, value):
    a = AdaptationProtocol(reward_from_topic=True, returns=get_task(name).possible_returns())
    with pytest.raises(RstdpError, match=f'{value:g} was ignored'):
        a.reward(value, 0.0)


def test_an_impossible_return_ends_a_run_offline(cartpole, shipped):
    strange = replace(cartpole, reward=cartpole.reward._replace(usual=(0.1, 0.1)))
    with pytest.raises(RstdpError, match='episode 0 of rstdp_ros/CartPole-v0 teaches nothing'):
        adapt(Adaptation(strange, shipped, None, 2, Recipe.of('cartpole', SEED)))


def test_an_impossible_return_in_a_bag_is_not_learned_from(tmp_path, record, monkeypatch):
    from bag_maker import replayed
    run = record()
    run.play()
    step = run.plant.step
    monkeypatch.setattr(run.plant, 'step', lambda e: step(e)._replace(reward=10.0))
    run.play()
    run.close()
    (good, bad), *_ = replayed(tmp_path / 'bag')
    assert good.equal and bad.record is None and 'which no episode' in bad.reason


@pytest.mark.parametrize('quantized', [False, True])
def test_spikes_tell_the_q_values(quantized):
    chosen = set()
    for seed in range(4):
        network = random_network(seed, (8, 20, 30, 3) if seed % 2 else (8, 64, 64, 2))
        network = quantize(network) if quantized else network
        inferred = [network.infer(x) for x in np.random.default_rng(seed).normal(size=(300, 4))]
        q_values = network.q_values_of(np.array([inference.raster for inference in inferred]))
        assert np.array_equal(q_values, [inference.q_values for inference in inferred])
        chosen |= {inference.action for inference in inferred}
    assert chosen == {0, 1}


def played(task, network, intrude=lambda step: False):
    """
    Play an episode in lockstep.

    :param intrude: whether somebody else is faster at a step, with the other effort.
    :return: its end, and the rasters that adaptation hears.
    """
    plant = GymPlant(task)
    plant.set_physics(task.make_physics(task.demo_physics))
    env, policy = Lockstep(plant, 'boot', lambda: 0), PolicyProtocol(task, CpuBackend(network))
    outputs, rasters = env.reset(0.0), []
    while not isinstance(outputs[0], EpisodeEnd):
        observation, = outputs
        answer = policy.observation('boot-1', task.robot.observation(*observation.joints))
        effort = -answer.effort if intrude(len(rasters)) else answer.effort
        rasters.append(answer.raster)
        outputs = env.action('boot-1', observation.stamp, effort, 0.0)
        # What the policy answers to the last observation comes when the episode is over.
        if intrude(len(rasters) - 1) and isinstance(outputs[0], EpisodeEnd):
            assert env.action('boot-1', observation.stamp, answer.effort, 0.0) == []
    return outputs[0], np.array(rasters)


@pytest.mark.fault('learning', 'a second policy that answers only one step of an episode teaches',
                   'learned from')
@pytest.mark.parametrize('which', ['last', 'first', 'middle'])
def test_the_efforts_of_a_second_policy_teach_nothing(cartpole, shipped, measured, which):
    end, rasters = played(cartpole, shipped)
    assert objection(cartpole, lambda: shipped, False, end, rasters) == ''
    at = {'last': end.steps - 1, 'first': 0, 'middle': end.steps // 2}[which]
    bad, rasters = played(cartpole, shipped, lambda step: step == at)
    assert 'not all efforts' in objection(cartpole, lambda: shipped, False, bad, rasters)
    # An environment that does not say what it obeyed is believed.
    assert objection(cartpole, lambda: shipped, False, bad._replace(efforts=''), rasters) == ''
    measured('discarded: not all efforts were those of its spikes')


def test_efforts_are_left_out_where_an_answer_is_missing(cartpole):
    ends = []
    for answered in ((0, 1, 2), (0, 2)):
        env, outputs = RealTime(GymPlant(cartpole), 'boot', lambda: 0, 0.02), []
        env.reset(0.0)
        for cycle in range(200):
            outputs = env.poll(0.02 * cycle)
            if isinstance(outputs[0], EpisodeEnd):
                break
            if cycle in answered or cycle > 2:
                env.action('boot-1', outputs[0].stamp, 10.0, 0.02 * cycle + 0.01)
        ends.append(outputs[0])
    assert ends[0].efforts == efforts_digest([10.0] * ends[0].steps) and ends[1].efforts == ''
    assert efforts_digest([0.0]) == efforts_digest([-0.0]) != efforts_digest([0.0, 0.0])


def test_efforts_survive_the_way_as_text():
    end = EpisodeEnd('a-1', 'terminated', 1, 17, 17.0, 'ab' * 8)
    assert EpisodeEnd.parse('a-1', 'terminated', end.values()) == end
    with pytest.raises(RstdpError, match='makes no sense'):
        EpisodeEnd.parse('a-1', 'terminated', {**end.values(), 'efforts': 'x'})


@pytest.mark.fault('learning', "a stranger's weights that name the running episode are used "
                   'within it', 'used at once')
@pytest.mark.parametrize('words', [
    {'episode_id': 'a-1'}, {'episode_id': 'a-1', 'learned': 7, 'running': 'x'}, {}])
def test_the_weights_of_a_stranger_wait_for_the_next_episode(cartpole, measured, words):
    policy = PolicyProtocol(cartpole, CpuBackend(random_network(1)))
    old, values = policy.digest, np.ones(4, np.float32)
    policy.observation('a-1', values)
    strange = with_w2(random_network(2), np.zeros((64, 64)), metadata=words)
    for policies in (None, (), (policy.name,)):
        policy.weights(strange, policies)
        frame = policy.observation('a-1', values).frame
        assert split_raster_frame(frame) == ('a-1', old[:16])
    assert split_raster_frame(policy.observation('a-2', values).frame)[1] == strange.digest[:16]
    measured('not before the next episode, which then is discarded')


def test_nobody_is_answered_before_spikes_are_heard(cartpole):
    a = AdaptationProtocol(paced=False, learned='x-1')
    a.begin('d' * 64, SEED, 0.0)
    assert a.envelope() == Envelope()
