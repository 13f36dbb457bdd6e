"""A task from outside: everything works with it, and nothing of ours has heard of it."""

import importlib.util
from pathlib import Path
import subprocess
import sys

from graphs import digests_in, run, start_demo
from outside import EXAMPLES, found_by_all
import pytest

import rstdp_ros

needs_ros = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                               reason='ROS 2 is not installed')
MODEL = str(EXAMPLES / 'pendulum/models/pendulum_0.npz')
STEPS = """
import gymnasium, numpy as np
import rstdp_ros.tasks.gym
from rstdp_ros.tasks import get_task

ours = gymnasium.make(get_task('pendulum').env_id, disable_env_checker=True)
theirs = gymnasium.make('Pendulum-v1', disable_env_checker=True)
worst = 0.0
for seed in range(20):
    assert np.array_equal(ours.reset(seed=seed)[0], theirs.reset(seed=seed)[0])
    for torque in np.random.default_rng(seed).uniform(-2.0, 2.0, 200):
        step, wanted = (env.step(np.array([torque])) for env in (ours, theirs))
        assert step[2:4] == wanted[2:4]
        worst = max(worst, abs(step[1] - wanted[1]),
                    *np.abs(np.subtract(ours.unwrapped.state, theirs.unwrapped.state)))
print(worst)
"""
found = found_by_all('pendulum')


def test_every_step_is_gymnasiums():
    done = subprocess.run([sys.executable, '-c', STEPS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-12


def test_its_network_swings_it_up():
    returns = run('evaluate', 'pendulum', '--model', MODEL, '--episodes', '50')['returns']
    assert sum(returns) / len(returns) > -200.0 and min(returns) > -500.0


def test_a_simulator_that_nobody_here_knows_plays_it():
    ours, theirs = (run('evaluate', 'pendulum', '--model', MODEL, '--episodes', '5', '--plant',
                        simulator) for simulator in ('gym', 'gymnasium'))
    # What it shows is float32, so that an effort may differ by a rounding now and then.
    assert theirs['returns'] == pytest.approx(ours['returns'], rel=0.05, abs=5.0)


def test_nothing_of_ours_names_it():
    for file in Path(rstdp_ros.__file__).parent.rglob('*.py'):
        assert 'endulum' not in file.read_text(), file


@pytest.mark.parametrize('strategy', ['rstdp', 'gains', 'twin', 'combined'])
def test_every_strategy_adapts_it(strategy):
    done = run('adapt', 'pendulum', '--model', MODEL, '--strategy', strategy, '--episodes', '3')
    assert len(done['episodes']) == 3 and done['held_out_after'] >= done['held_out_before']
    if 'identified' in done:
        assert done['identified']['length']['value'] == pytest.approx(1.2, abs=1e-3)


def test_a_network_can_be_trained_for_it(tmp_path):
    pytest.importorskip('torch')
    words = ['train', 'pendulum', '--episodes', '1', '--output', str(tmp_path / 'net.npz'),
             '--log-dir', str(tmp_path / 'log')]
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros', *words], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert run('evaluate', 'pendulum', '--model', str(tmp_path / 'net.npz'), '--episodes', '3')


def test_an_experiment_that_knows_nothing_of_it_says_so():
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros', 'reproduce', 'fig3', '--task',
                           'pendulum'], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count('\n') == 1
    assert 'fig3 has nothing for task pendulum; known are cartpole, acrobot' in done.stderr


@needs_ros
def test_it_learns_over_ros_as_offline_and_in_replay(domain, tmp_path):
    choice = '--model', MODEL, '--episodes', '3', '--strategy', 'twin'
    offline = [episode['digest'] for episode in run('adapt', 'pendulum', *choice)['episodes']]
    demo = start_demo(tmp_path / 'run', *choice, '--record', tmp_path / 'bag', task='pendulum')
    _, errors = demo.communicate(timeout=90)
    assert demo.returncode == 0, errors
    assert digests_in(tmp_path / 'run') == offline
    replayed = run('replay', str(tmp_path / 'bag'))
    assert replayed['equal'] and len(replayed['episodes']) == 3
    assert run('identify', str(tmp_path / 'bag'))['parameters']['length']['identifiable']
