"""Adaptation's side of the protocol, rule by rule."""

import numpy as np
import pytest

from rstdp_ros.protocol.adaptation import (
    AdaptationProtocol,
    DISCARDS_BEFORE_BACK_OFF,
    Phase,
    PROGRESS_TIMEOUT,
)
from rstdp_ros.protocol.envelope import Envelope
from rstdp_ros.protocol.episode import announcement_id, EpisodeEnd
from rstdp_ros.protocol.outputs import Accepted, Discarded, PublishWeights, Reset, SetSeed, Waiting
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import REASON_LENGTH

DIGEST = 'd' * 64
RASTER = np.zeros((2, 3), np.uint8)


def begun(**options):
    """Return an adaptation that wants an episode from seed 7 at time 0 and hears a policy."""
    a = AdaptationProtocol(**options)
    publish, = a.begin(DIGEST, 7, 0.0)
    assert isinstance(publish, PublishWeights) and not a.envelope().digest
    assert a.raster(announcement_id('p'), 0, DIGEST[:16], RASTER, 0.0) == []
    assert a.poll(0.0) == [PublishWeights()] and a.envelope().digest == DIGEST
    return a


def running(**options):
    """Return an adaptation that has begun episode a-1 from seed 7 at time 0."""
    a = begun(**options)
    seed, = a.weights_active(DIGEST, 0.0)
    assert isinstance(seed, SetSeed) and seed.seed == 7
    reset, = a.seed_set(seed.token, '', 0.0)
    assert isinstance(reset, Reset)
    assert a.reset_done(reset.token, 'a-1', '', 0.0) == []
    return a


def end(steps=2, **changes):
    """Return the end of episode a-1."""
    return EpisodeEnd('a-1', 'truncated', 7, steps, 2.0)._replace(**changes)


def test_accepts_in_any_order_and_sorts_by_stamp():
    a = running()
    ones = np.ones_like(RASTER)
    assert a.raster('a-1', 20, DIGEST[:16], ones, 0.0) == []
    assert a.end(end(), 0.0) == []
    assert a.raster('a-1', 20, DIGEST[:16], ones, 0.0) == []
    accepted, = a.raster('a-1', 10, DIGEST[:16], RASTER, 0.0)
    assert isinstance(accepted, Accepted) and accepted.episode_return == 2.0
    assert np.array_equal(accepted.rasters, [RASTER, ones])


def test_spikes_and_end_may_overtake_the_reply_to_the_reset():
    a = begun()
    seed, = a.weights_active(DIGEST, 0.0)
    reset, = a.seed_set(seed.token, '', 0.0)
    a.raster('old-9', 1, DIGEST[:16], RASTER, 0.0)
    a.raster('a-1', 10, DIGEST[:16], RASTER, 0.0)
    a.end(end(1), 0.0)
    accepted, = a.reset_done(reset.token, 'a-1', '', 0.0)
    assert isinstance(accepted, Accepted)


@pytest.mark.parametrize('changes, digest, reason', [
    ({'seed': 8}, DIGEST, 'seed 8'), ({'message': 'aborted: e-stop'}, DIGEST, 'e-stop'),
    ({'steps': 1}, DIGEST, '2 spike rasters for 1'), ({}, 'e' * 64, 'other weights')])
def test_discards_and_runs_again(changes, digest, reason):
    a = running()
    for stamp in (1, 2):
        a.raster('a-1', stamp, digest[:16], RASTER, 0.0)
    discarded, publish = a.end(end(**changes), 0.0)
    assert isinstance(discarded, Discarded) and reason in discarded.reason
    assert isinstance(publish, PublishWeights)
    seed, = a.weights_active(DIGEST, 0.0)
    assert seed.seed == 7


@pytest.mark.fault('tools', 'spikes that only repeat what was said',
                   'taken for progress: an episode that stands still was waited for for ever')
def test_spikes_that_are_heard_twice_are_no_progress(measured):
    a = running()
    for now in np.arange(0.2, PROGRESS_TIMEOUT, 0.2):
        a.raster('a-1', 1, DIGEST[:16], RASTER, now)
        assert a.poll(now) == []
    assert 'no progress within 5 s after 1 spike' in a.poll(5.3)[0].reason
    a = running()
    for stamp, now in enumerate(np.arange(0.0, 60.0, 4.0)):
        a.raster('a-1', stamp, DIGEST[:16], RASTER, now)
        assert a.poll(now) == []
    measured('discarded after 5 s')


def test_time_outs():
    a = running()
    assert a.poll(4.9) == []
    assert 'no progress' in a.poll(5.1)[0].reason
    a = running()
    a.raster('a-1', 1, DIGEST[:16], RASTER, 4.0)
    assert a.poll(8.9) == []
    a.end(end(), 8.95)
    assert a.poll(9.4) == []
    assert '1 of 2 spike rasters' in a.poll(9.5)[0].reason
    assert a.phase is Phase.ACTIVATING
    seed, = a.poll(12.0)
    assert isinstance(seed, SetSeed)
    assert 'no reply' in a.poll(14.1)[0].reason
    # The reply to the call that was given up counts for nothing.
    assert a.seed_set(seed.token, '', 14.2) == []


def test_backs_off_after_five_discards():
    a, now = begun(), 0.0
    for i in range(1, 6):
        seed, = a.weights_active(DIGEST, now)
        outputs = a.seed_set(seed.token, 'out of order', now)
        assert outputs[0].in_a_row == i
    assert a.phase is Phase.BACKING_OFF and len(outputs) == 1
    assert a.poll(now + 0.9) == []
    assert isinstance(a.poll(now + 1.1)[0], PublishWeights)


def test_an_environment_that_is_not_ready_is_asked_again_and_again():
    a, now = begun(), 0.0
    request, = a.weights_active(DIGEST, now)
    for _ in range(2 * DISCARDS_BEFORE_BACK_OFF):
        reset, = a.seed_set(request.token, '', now)
        assert a.reset_done(reset.token, '', 'the pole lies down', now) == [
            Waiting('the pole lies down')]
        assert a.poll(now + 0.4) == []
        now += 0.6
        request, = a.poll(now)
        assert isinstance(request, SetSeed) and request.seed == 7
    assert a.discards_in_a_row == 0 and not a.counters


def test_reward_by_hand():
    a = running(reward_from_topic=True)
    assert a.reward(99.0, 0.0) == []
    a.raster('a-1', 1, DIGEST[:16], RASTER, 0.0)
    assert a.end(end(1), 0.0) == []
    assert a.poll(1000.0) == []
    with pytest.raises(RstdpError, match='nan'):
        a.reward(float('nan'), 0.0)
    accepted, = a.reward(150.0, 0.0)
    assert accepted.episode_return == 150.0


def test_nothing_times_out_while_an_episode_is_learned_from():
    a = running()
    a.raster('a-1', 1, DIGEST[:16], RASTER, 0.0)
    accepted, = a.end(end(1), 0.0)
    assert a.phase is Phase.LEARNING and a.poll(1e6) == []
    assert a.end(end(1), 1e6) == a.raster('a-1', 1, DIGEST[:16], RASTER, 1e6) == []
    # A policy that was started again gets the weights that played.
    assert a.raster(announcement_id('q'), 0, DIGEST[:16], RASTER, 1e6) == []
    assert a.poll(1e6) == [PublishWeights()] and a.envelope()[1:] == ('', '', ('p', 'q'))
    assert a.begin('e' * 64, 8, 2e6) == [PublishWeights()] and a.phase is Phase.ACTIVATING
    assert a.envelope().episode_id == 'a-1'


def listening(**options):
    """Return an adaptation that only listens, with the given weights and a policy."""
    return begun(paced=False, **options)


def test_only_listens_when_the_environment_paces():
    a = listening()
    a.raster('x-1', 1, DIGEST[:16], RASTER, 0.0)
    accepted, = a.end(EpisodeEnd('x-1', 'terminated', 3, 1, 1.0), 0.0)
    assert isinstance(accepted, Accepted) and accepted.seed == 3
    assert a.begin(DIGEST, 8, 0.0) == [PublishWeights()]
    assert a.envelope()[:3] == (DIGEST, 'x-1', 'learned')
    assert a.poll(0.1) == []
    a.raster('x-2', 1, 'e' * 16, RASTER, 0.0)
    discarded, publish = a.end(EpisodeEnd('x-2', 'terminated', 3, 1, 1.0), 0.0)
    assert isinstance(discarded, Discarded) and publish == PublishWeights()
    assert a.envelope().episode_id == 'x-2' and a.envelope().verdict.startswith('again: ')


def test_answers_every_end_that_it_hears():
    a, end = listening(reward_from_topic=True), EpisodeEnd('x-1', 'terminated', 3, 1, 1.0)
    assert a.end(end, 0.0) == []
    assert a.end(end, 0.1) == [PublishWeights()] and a.envelope().episode_id == ''
    a.raster('x-1', 1, DIGEST[:16], RASTER, 0.2)
    assert a.end(end, 0.3) == [PublishWeights()], 'a reward is awaited, and that is a sign of life'
    accepted, = a.reward(2.0, 0.4)
    a.begin(DIGEST, 8, 0.4, unlearned='learning is over')
    assert a.envelope()[1:3] == ('x-1', 'unlearned: learning is over')
    assert a.raster('x-1', 1, DIGEST[:16], RASTER, 0.5) == []
    assert a.end(end, 0.5) == [PublishWeights()], 'the same episode teaches once'
    aborted = EpisodeEnd('x-2', 'aborted: ' + 'x' * 10_000, 3, 1, 1.0)
    assert a.end(aborted, 0.6)[1:] == [PublishWeights()]
    assert a.envelope().verdict.startswith('unlearned: aborted') and (
        len(a.envelope().verdict) <= REASON_LENGTH)
    assert a.end(EpisodeEnd('x-3', 'terminated', 3, 2, 1.0), 1.0) == []
    discarded, publish = a.poll(1.6)
    assert publish == PublishWeights() and a.envelope()[1:3] == (
        'x-3', 'again: 2 of 2 spike rasters are missing')


@pytest.mark.parametrize('digest, reason', [(DIGEST, ''), ('e' * 64, 'by other weights')])
def test_who_paces_itself_hears_that_its_episode_is_being_learned_from(digest, reason):
    a, first = listening(), EpisodeEnd('x-1', 'terminated', 3, 1, 1.0)
    a.raster('x-1', 1, DIGEST[:16], RASTER, 0.0)
    a.end(first, 0.0)
    assert a.end(first, 100.0) == [PublishWeights()] and not a.envelope().verdict
    # The next one begins too early. Whether it counts is up to the weights that come of the first.
    early = first._replace(episode_id='x-2')
    assert a.raster('x-2', 1, DIGEST[:16], RASTER, 100.1) == a.end(early, 100.2) == []
    assert a.end(early, 100.7) == [PublishWeights()] and not a.envelope().verdict
    publish, judged, *_ = a.begin(digest, 8, 200.0)
    if reason:
        assert reason in judged.reason and a.envelope()[1] == 'x-2'
    else:
        assert judged.episode_id == 'x-2' and a.envelope()[1:3] == ('x-1', 'learned')


def test_an_episode_that_was_learned_before_a_crash_teaches_once():
    a = listening(learned='x-1')
    assert a.envelope()[1:3] == ('x-1', 'learned')
    a.raster('x-1', 1, DIGEST[:16], RASTER, 0.0)
    assert a.end(EpisodeEnd('x-1', 'terminated', 3, 1, 1.0), 0.0) == [PublishWeights()]


def test_a_policy_that_does_not_announce_itself_is_waited_for_once():
    a = AdaptationProtocol()
    a.begin(DIGEST, 7, 0.0)
    assert a.weights_active(DIGEST, 0.0) == [] == a.poll(1.9)
    publish, seed = a.poll(2.1)
    assert isinstance(seed, SetSeed) and a.envelope() == Envelope(DIGEST)
    a = AdaptationProtocol(paced=False)
    a.begin(DIGEST, 7, 0.0)
    a.raster('x-1', 1, DIGEST[:16], RASTER, 0.1)
    assert a.poll(0.2) == [PublishWeights()] and a.envelope() == Envelope(DIGEST)


def test_a_flood_of_announcements_is_no_flood_of_weights():
    a = listening()
    for i in range(1000):
        a.raster(announcement_id(f'{i} {i}' if i % 2 else f'{i}'), 0, DIGEST[:16], RASTER, 0.0)
        a.raster(announcement_id('x' * 1000), 0, DIGEST[:16], RASTER, 0.0)
    assert a.poll(0.1) == [PublishWeights()] and a.poll(0.2) == []
    assert len(a.envelope().policies) == 4
