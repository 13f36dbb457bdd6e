"""The folder of a run: whatever lies in it, a resume loses nothing."""

import io
import json
import os
import zipfile

from made_up import learned, rasters, SEED
import numpy as np
import pytest

from rstdp_ros.plasticity import AdaptationRun, make_learner
from rstdp_ros.plasticity.checkpoint import decode, encode, LIMIT, MAX_ARRAYS
from rstdp_ros.plasticity.registry import AUTO, DEFAULT
from rstdp_ros.plasticity.run import ADAPTED, EPISODES, find_strategy, read_records
from rstdp_ros.snn import Neuron, SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import read_file


def resumed(network, folder, reports=None):
    """Start a new process's run in a folder."""
    run = AdaptationRun(make_learner(network, SEED, 'default'), folder)
    run.resume([].append if reports is None else reports.append)
    return run


def with_state(change):
    """Return what makes a checkpoint one with a changed state."""
    def changed(data):
        state = decode(data)
        change(state)
        return encode(state)
    return changed


def bomb(data):
    """Return a small archive that unpacks to 1 GiB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('header.npy', 'w') as member:
            for _ in range(64):
                member.write(bytes(2**24))
    return buffer.getvalue()


def archive(**arrays):
    """Return an archive of arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return lambda data: buffer.getvalue()


DAMAGES = {
    'empty': lambda data: b'',
    'cut': lambda data: data[:-500],
    'not an archive': lambda data: b'no checkpoint',
    'larger than the limit': lambda data: bytes(LIMIT + 1),
    'bomb': bomb,
    'no header': archive(x=np.zeros(3)),
    'header of numbers': archive(header=np.zeros(3)),
    'pickled': archive(header=np.array([{}], object)),
    'archive in an archive': lambda data: archive(header=np.frombuffer(data, np.uint8))(data),
    'no state': archive(header=np.array(json.dumps(
        {'format': 'rstdp_ros checkpoint', 'version': 1, 'state': 5}))),
    'episode is a word': with_state(lambda state: state.update(episode='3')),
    'episode is negative': with_state(lambda state: state.update(episode=-3)),
    'running is no network': with_state(lambda state: state.update(running=None)),
    'returns are words': with_state(lambda state: state['guard'].update(returns=['1', None])),
    'best mean is infinite': with_state(lambda state: state['guard'].update(
        best={'count': 10, 'mean': 1e999, 'squares': 0.0})),
    'best of no returns': with_state(lambda state: state['guard'].update(
        best={'count': 0.5, 'mean': 10.0, 'squares': 0.0})),
    'goes on with a word': with_state(lambda state: state['guard'].update(waiting='x')),
    'no guard': with_state(lambda state: state.update(guard=[])),
    'rule without amplitudes': with_state(lambda state: state['rule'].pop('amplitude_plus')),
    'another network': with_state(lambda state: state.update(running=SpikingQNetwork(
        [np.ones((8, 4)), np.ones((4, 4)), np.ones((4, 2))], Neuron(0.8, 0.8, 0.5, 8),
        'cartpole'))),
}


@pytest.mark.fault('files', 'a run folder whose checkpoints are all damaged',
                   'new ones pruned at once, the next start begins at 0 again, the log emptied')
@pytest.mark.parametrize('damage', DAMAGES)
def test_a_fresh_start_among_damaged_checkpoints_lasts(damage, shipped, tmp_path):
    run = learned(shipped, tmp_path)
    run.save_deployed()
    damaged = {path: DAMAGES[damage](path.read_bytes()) for path in run.store.paths()}
    for path, data in damaged.items():
        path.write_bytes(data)
    log = (tmp_path / EPISODES).read_bytes()

    reports = []
    run = resumed(shipped, tmp_path, reports)
    assert run.learner.episode == 0 and len(reports) == 3
    assert all('checkpoint not used' in each and '\n' not in each for each in reports)
    run.finish_episode(rasters(shipped), 5.0)
    assert resumed(shipped, tmp_path, reports).learner.episode == 1
    assert len(reports) == 3  # what was set aside is not looked at again
    for path, data in damaged.items():
        assert path.with_stem(f'{path.stem}_1').read_bytes() == data
    assert (tmp_path / 'episodes_1.jsonl').read_bytes() == log
    assert (tmp_path / 'adapted_1.npz').exists() and not (tmp_path / ADAPTED).exists()


@pytest.mark.fault('files', 'the newest checkpoint is damaged, an older one is not',
                   'the damaged one is overwritten')
def test_a_damaged_newest_checkpoint_is_set_aside(shipped, tmp_path):
    run = learned(shipped, tmp_path)
    newest, *_ = run.store.paths()
    newest.write_bytes(b'worth a look')
    run = resumed(shipped, tmp_path)
    assert run.learner.episode == 2
    run.finish_episode(rasters(shipped), 5.0)
    assert newest.with_stem(f'{newest.stem}_1').read_bytes() == b'worth a look'
    assert resumed(shipped, tmp_path).learner.episode == 3


@pytest.mark.fault('files', 'a copy such as checkpoint_backup.npz beside the checkpoints',
                   'counts as the newest: the run goes back, and new ones are pruned')
@pytest.mark.parametrize('name', ['checkpoint_backup.npz', 'checkpoint_9999999 (copy).npz',
                                  'checkpoint_99999999999999.npz', 'checkpoint_9.npz'])
def test_only_strict_names_count(name, shipped, tmp_path):
    run = learned(shipped, tmp_path)
    copy = tmp_path / name
    copy.write_bytes(run.store.paths()[-1].read_bytes())
    run = resumed(shipped, tmp_path)
    assert run.learner.episode == 3
    run.restart()
    assert copy.exists()


def test_numbers_beyond_seven_digits_are_newer(shipped, tmp_path):
    run = learned(shipped, tmp_path)
    run.learner.episode = 9_999_999
    run.save_checkpoint()
    run.learner.episode += 1
    run.save_checkpoint()
    assert resumed(shipped, tmp_path).learner.episode == 10_000_000


def test_pruning_spares_what_was_just_written(shipped, tmp_path):
    run = learned(shipped, tmp_path)
    for name in ('checkpoint_0000100.npz', 'checkpoint_0000101.npz', 'checkpoint_0000102.npz'):
        (tmp_path / name).write_bytes(b'')
    run.store.keep = 2
    run.finish_episode(rasters(shipped), 5.0)
    assert (tmp_path / 'checkpoint_0000004.npz').exists()


@pytest.mark.fault('files', 'a line of episodes.jsonl that is no record, such as 5, [], null or '
                   'not UTF-8', 'ends the resume with a traceback')
@pytest.mark.parametrize('line', [
    b'5', b'[]', b'null', b'\xff\xfe', b'{}', b'"x"', b'{"episode": "1"}', b'[' * 30_000,
    b'\x00' * 100_000, b'9' * 5000, b'{"episode": NaN}'])
@pytest.mark.parametrize('place', [0, 2, 3])
def test_a_damaged_line_is_left_out(line, place, shipped, tmp_path):
    run = learned(shipped, tmp_path)
    log = tmp_path / EPISODES
    lines = log.read_bytes().splitlines()
    log.write_bytes(b'\n'.join([*lines[:place], line, *lines[place:], b'']))
    before = log.read_bytes()
    assert [record.episode for record in read_records(log)] == [0, 1, 2]

    run = resumed(shipped, tmp_path)
    assert run.learner.episode == 3
    assert log.read_bytes().splitlines() == lines
    assert (tmp_path / 'episodes_1.jsonl').read_bytes() == before


def test_a_line_that_was_being_written_is_no_damage(shipped, tmp_path):
    learned(shipped, tmp_path)
    log = tmp_path / EPISODES
    whole = log.read_bytes()
    log.write_bytes(whole + whole[:40])
    resumed(shipped, tmp_path)
    assert log.read_bytes() == whole and not (tmp_path / 'episodes_1.jsonl').exists()


@pytest.mark.fault('files', 'a run that goes on where the disk takes no more',
                   'the log was written anew at each start: exit code 2')
def test_a_log_that_is_right_is_not_written_anew(shipped, tmp_path, measured):
    learned(shipped, tmp_path)
    log = tmp_path / EPISODES
    before = log.stat()
    resumed(shipped, tmp_path)
    after = log.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    measured('goes on; the log stays as it is')


def test_no_file_in_the_place_of_the_log(shipped, tmp_path):
    learned(shipped, tmp_path)
    (tmp_path / EPISODES).unlink()
    os.mkfifo(tmp_path / EPISODES)
    with pytest.raises(RstdpError, match='not a regular file'):
        read_records(tmp_path / EPISODES)
    run = resumed(shipped, tmp_path)
    run.finish_episode(rasters(shipped), 5.0)
    assert (tmp_path / 'episodes_1.jsonl').is_fifo()


@pytest.mark.parametrize('name', ['rstdp', 'gains'])
def test_a_run_goes_on_with_its_strategy_unless_another_is_named(name, shipped, tmp_path):
    assert find_strategy(AUTO) == find_strategy(AUTO, tmp_path) == DEFAULT
    run = AdaptationRun(make_learner(shipped, SEED, strategy=name), tmp_path)
    run.save_checkpoint()
    (tmp_path / 'checkpoint_0000007.npz').write_bytes(b'damaged')
    assert find_strategy(AUTO, tmp_path) == name and find_strategy('twin', tmp_path) == 'twin'


@pytest.mark.fault('files', 'an episode id that reads like a network of the checkpoint',
                   'the checkpoint cannot be read again')
@pytest.mark.parametrize('name', ['network:n0', 'network:n99', 'network:', 'network:=network:n0',
                                  'array:a0'])
def test_words_stay_words(name, shipped, tmp_path):
    run = learned(shipped, tmp_path)
    run.finish_episode(rasters(shipped), 5.0, episode_id=name)
    assert resumed(shipped, tmp_path).learner.latest['episode_id'] == name


@pytest.mark.fault('files', 'a checkpoint of 1 GiB', '8 s')
def test_a_huge_checkpoint_is_not_read(tmp_path):
    path = tmp_path / 'checkpoint_0000001.npz'
    with path.open('wb') as file:
        file.truncate(2**30)
    with pytest.raises(RstdpError, match='larger than'):
        read_file(path, LIMIT)


def test_what_is_kept_can_be_read_again(shipped):
    def state(count):
        return {'networks': {str(i): shipped.replace(metadata={'i': i}) for i in range(count)}}
    kept = decode(encode(state(MAX_ARRAYS)))['networks']
    assert [kept[str(i)].metadata['i'] for i in range(MAX_ARRAYS)] == list(range(MAX_ARRAYS))
    with pytest.raises(RstdpError, match='more than 64 networks'):
        encode(state(MAX_ARRAYS + 1))
