"""
Kill -9 of each node at random moments of a run: every time its records equal an undisturbed one's.

``python -m pytest -s test/soak/soak_kills.py``: 61 runs, about 12 minutes.
"""

from bisect import bisect_right
import random
import time

from graphs import demo_graph, offline_records, own_domain, records_in, wait_for
import pytest

from rstdp_ros.plasticity.run import ADAPTED

EPISODES = 30
KILLS = 20
NODES = ('environment', 'policy', 'adaptation')
SEED = 1
LOOK_EVERY = 0.002
# A moment is found by the pace of another run: one near the end may come too late.
IN_MID_RUN = 0.9


def moments():
    """Draw who is killed when, as a part of an undisturbed run from the first episode on."""
    generator = random.Random(SEED)
    return [(name, generator.random()) for _ in range(KILLS) for name in NODES]


@pytest.fixture(scope='module')
def expected(cartpole, shipped, demo_physics):
    """Return the records of the same episodes offline."""
    return offline_records(cartpole, shipped, demo_physics, EPISODES)


@pytest.fixture(scope='module')
def timeline(tmp_path_factory, expected):
    """Run undisturbed; return when all nodes were ready and when each episode was learned."""
    folder = tmp_path_factory.mktemp('undisturbed')
    with demo_graph(folder, EPISODES, own_domain()) as supervisor:
        times = []
        for count in range(EPISODES + 1):
            wait_for(lambda n=count: progress(folder) >= n, supervisor, LOOK_EVERY)
            times.append(time.monotonic())
        wait_for((folder / ADAPTED).exists)
    assert records_in(folder) == expected
    print(f'\nseed {SEED}; undisturbed: {EPISODES} episodes in {times[-1] - times[0]:.2f} s')
    return times


@pytest.fixture(scope='module')
def tally():
    """Collect what the runs say of themselves and sum it up."""
    began, in_mid_run, equal = time.monotonic(), [], []
    yield in_mid_run, equal
    print(f'{len(in_mid_run)} kills, {sum(in_mid_run)} of them in mid-run; {len(equal)} runs '
          f'equal, {time.monotonic() - began:.0f} s')
    assert sum(in_mid_run) >= IN_MID_RUN * len(in_mid_run)


def progress(folder):
    """Count the episodes learned; -1 while a node is not ready."""
    logs = [folder / f'{name}.log' for name in NODES]
    ready = all(log.exists() and 'ready' in log.read_text() for log in logs)
    return len(records_in(folder)) if ready else -1


@pytest.mark.parametrize('name, part', moments())
def test_a_random_kill_changes_nothing(name, part, expected, timeline, tally, tmp_path):
    in_mid_run, equal = tally
    moment = timeline[0] + part * (timeline[-1] - timeline[0])
    count = bisect_right(timeline, moment) - 1
    with demo_graph(tmp_path, EPISODES, own_domain()) as supervisor:
        wait_for(lambda: progress(tmp_path) >= count, supervisor, LOOK_EVERY)
        time.sleep(moment - timeline[count])
        supervisor.children[name].process.kill()
        killed, learned = time.monotonic(), len(records_in(tmp_path))
        events = wait_for(lambda: supervisor.children[name].restart_at, supervisor)
        events += wait_for((tmp_path / ADAPTED).exists, supervisor)
        seconds = time.monotonic() - killed
    assert events == [f'the {name} node died (exit code -9) and is started again']
    in_mid_run.append(learned < EPISODES)
    assert records_in(tmp_path) == expected
    equal.append(name)
    print(f'{len(in_mid_run):2}: {name} killed after {learned:2} episodes; {EPISODES} of '
          f'{EPISODES} records equal, {seconds:.1f} s later')
