"""The demo's graph as real processes, and the runs that it must equal."""

import fcntl
import itertools
import json
import os
from pathlib import Path
import subprocess
import sys
import time

from forking import Supervisor

from rstdp_ros.bringup import describe_graph
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.plasticity import Recipe
from rstdp_ros.plasticity.run import EPISODES, read_records

SEED = 200_000_000
PATIENCE = 90.0
ENABLE_AGAIN = 5.0
# A few domains in turn: a killed node remains known in its domain for 20 s.
TURNS = 8
FIRST_DOMAIN = (int(os.environ.get('ROS_DOMAIN_ID', 1 + os.getppid() % 70))
                + TURNS * int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]))
# Where Fast DDS has the ports of a domain, each a file, the first one and their number.
SHARED, FIRST_PORT, PORTS = Path('/dev/shm'), 7400, 250
# Probes by domain; each ends with the process that runs the tests.
PROBES = {}
DOMAINS = itertools.cycle(range(FIRST_DOMAIN, FIRST_DOMAIN + TURNS))


def own_domain():
    """Return the variables that keep a graph to this machine and apart from the others."""
    domain = next(DOMAINS)
    sweep(domain)
    return {'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}


def sweep(domain):
    """
    Remove the shared memory of killed nodes of earlier tests.

    A new node takes such a port over, and another one that opened it a moment before may continue
    to write into the old one, which is no longer read.
    """
    for port in range(PORTS * domain + FIRST_PORT, PORTS * (domain + 1) + FIRST_PORT):
        lock = SHARED / f'fastdds_port{port}_el'
        if not (SHARED / f'fastdds_port{port}').exists() or in_use(lock):
            continue
        for path in (lock, *SHARED.glob(f'*fastdds_port{port}'),
                     SHARED / f'sem.fastdds_port{port}_mutex'):
            path.unlink(missing_ok=True)


def in_use(lock):
    """Say whether a living process holds a lock."""
    if not lock.exists():
        return False
    with lock.open('r+') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def offline_records(task, network, physics, episodes, seed=SEED):
    """Return the records of the same episodes in one process."""
    _, records = adapt(Adaptation(task, network, physics, episodes, Recipe.of(task.name, seed)))
    # Equal digests would mean nothing if the weights never changed.
    assert len({record.digest for record in records}) >= episodes // 2
    return records


def offline(task, network, physics, episodes, seed=SEED):
    """Return the digests of the same episodes in one process."""
    return [record.digest for record in offline_records(task, network, physics, episodes, seed)]


def demo_nodes(folder, episodes, **values):
    """Describe the demo's nodes."""
    return describe_graph('cartpole', {
        'episodes': episodes, 'seed': SEED, 'run_dir': str(folder), 'pole_half_length': 0.8,
        'pole_mass': 0.3, 'strategy': 'rstdp', 'model': 'cartpole_0', **values})


def demo_graph(folder, episodes, environment=None, **values):
    """Return the demo's graph as processes."""
    return Supervisor(demo_nodes(folder, episodes, **values), folder, environment=environment)


def records_in(folder):
    """Return the records in the adaptation node's log."""
    path = folder / EPISODES
    return read_records(path) if path.exists() else []


def digests_in(folder):
    """Return the digests in the adaptation node's log."""
    return [record.digest for record in records_in(folder)]


def wait_for(condition, supervisor=None, period=0.02):
    """Wait, while the supervisor keeps its nodes running; return its reports."""
    deadline, events = time.monotonic() + PATIENCE, []
    while not condition():
        assert time.monotonic() < deadline, 'too late'
        if supervisor:
            events += supervisor.poll()
        time.sleep(period)
    return events


def wait_for_robot(condition, graph):
    """Wait for a condition of an enabled robot; enable it again if a busy machine stopped it."""
    again = 0.0

    def reached():
        nonlocal again
        if not condition() and time.monotonic() > again:
            enabled, _ = probe('enable', True)
            # A robot in real time must not be asked too often.
            again = time.monotonic() + ENABLE_AGAIN * enabled
        return condition()
    return wait_for(reached, graph)


def probe(name, *arguments, environment=None):
    """Let the domain's process of probe.py run a function; return its result."""
    variables = {**os.environ, **(environment or {})}
    domain = variables['ROS_DOMAIN_ID']
    if domain not in PROBES or PROBES[domain].poll() is not None:
        # In a separate session: no test's Ctrl-C is meant for it.
        PROBES[domain] = subprocess.Popen(
            [sys.executable, Path(__file__).with_name('probe.py')], env=variables, text=True,
            bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    process = PROBES[domain]
    print(json.dumps([name, arguments]), file=process.stdin)
    answer = process.stdout.readline()
    assert answer, f'the probe ended with {process.wait()}'
    answer = json.loads(answer)
    assert 'failure' not in answer, answer['failure']
    return answer['result']


def run(*words):
    """Run the command line; return its JSON output."""
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros', *words, '--json'],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start_demo(folder, *extra, task='cartpole'):
    """Start the demo as a user does."""
    return subprocess.Popen(
        [sys.executable, '-m', 'rstdp_ros', 'demo', task, '--run-dir', str(folder),
         '--strategy', 'rstdp', '--json', *map(str, extra)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def children(folder):
    """List the node processes of a run."""
    pids = []
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                if str(folder).encode() in (entry / 'cmdline').read_bytes():
                    pids.append(int(entry.name))
            except OSError:
                continue
    return pids


def commands_in(path):
    """Return time and effort of every command to the stand-in robot."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [tuple(map(float, line.split())) for line in lines]
