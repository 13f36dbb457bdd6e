"""A disk that is full: everything waits, nothing is lost, and everybody hears why."""

import errno
import importlib.util
import os
import resource

from graphs import demo_graph, digests_in, offline, probe, SEED, wait_for
import pytest

from rstdp_ros.plasticity import AdaptationRun, make_learner
from rstdp_ros.plasticity.run import ADAPTED, EPISODES, read_records
from rstdp_ros.support.errors import RstdpError

ROS = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                         reason='ROS 2 is not installed')
ERROR = 2


def limit_files(pid, size):
    """Let the kernel limit a process's files to a number of bytes; None lifts that."""
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


@ROS
@pytest.mark.fault('messages', 'a disk that takes no more while a run learns',
                   'traceback and death at every episode, until whoever started it gave up')
def test_a_full_disk_is_waited_for(domain, tmp_path, cartpole, shipped, demo_physics, measured):
    with demo_graph(tmp_path, 16, real_time_factor=20) as graph:
        wait_for(lambda: len(digests_in(tmp_path)) >= 3, graph)
        pid = graph.children['adaptation'].process.pid
        limit_files(pid, 1)
        level, message = probe('summary_with', 'adaptation', 'cannot be written to')
        assert level == ERROR and os.strerror(errno.EFBIG) in message
        learned = len(digests_in(tmp_path))
        probe('counted', 'adaptation', 'writes failed', 3)
        assert graph.poll() == [] and len(digests_in(tmp_path)) == learned
        limit_files(pid, None)
        assert wait_for((tmp_path / ADAPTED).exists, graph) == []
        assert graph.children['adaptation'].process.pid == pid
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 16)
    measured('no death, ERROR with the reason, 16 digests equal afterwards')


@ROS
@pytest.mark.fault('messages', 'an `adapted.npz` that cannot be written', '6 deaths in 14 s')
def test_an_unwritable_result_is_waited_for(domain, tmp_path, cartpole, shipped, demo_physics,
                                            measured):
    with demo_graph(tmp_path, 4, real_time_factor=4) as graph:
        wait_for(lambda: digests_in(tmp_path), graph)
        (tmp_path / ADAPTED).mkdir()
        level, message = probe('summary_with', 'adaptation', 'cannot be written')
        assert level == ERROR and os.strerror(errno.EISDIR) in message
        probe('counted', 'adaptation', 'writes failed', 3)
        assert graph.poll() == []
        (tmp_path / ADAPTED).rmdir()
        assert wait_for((tmp_path / ADAPTED).is_file, graph) == []
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 4)
    measured('no death, ERROR with the reason')


def test_what_could_not_be_written_is_written_later(tmp_path, cartpole, demo_physics, shipped):
    run = AdaptationRun(make_learner(shipped, SEED, 'default'), tmp_path)

    def learn():
        episode = cartpole.episode(run.learner.running, run.learner.next_seed, demo_physics)
        return run.learn(episode.rasters, episode.episode_return)

    records = [learn()]
    run.secure()
    for size in (1, len((tmp_path / EPISODES).read_bytes()) + 10):  # within a line too
        records.append(learn())
        limit_files(0, size)
        try:
            for _ in range(2):
                with pytest.raises(RstdpError, match='cannot be written'):
                    run.secure()
        finally:
            limit_files(0, None)
        assert read_records(tmp_path / EPISODES) == records[:-1]
        run.secure()
        assert read_records(tmp_path / EPISODES) == records
    other = AdaptationRun(make_learner(shipped, SEED, 'default'), tmp_path)
    assert other.resume(print) and other.learner.running.digest == records[-1].digest
