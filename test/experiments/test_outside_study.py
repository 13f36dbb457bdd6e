"""A study from outside: one file of a package, and nothing of ours has heard of it."""

import importlib.util
import json
import subprocess
import sys

from graphs import run
from outside import found_by_all
import pytest

needs_experiments = pytest.mark.skipif(importlib.util.find_spec('pandas') is None,
                                       reason='the extra "experiments" is not installed')
found = found_by_all('weak_motor')


def reproduce(*arguments):
    """Call the command line in a process of its own."""
    return subprocess.run([sys.executable, '-m', 'rstdp_ros', 'reproduce', *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)


def test_it_is_listed_with_its_title():
    row, = (row for row in run('plugins') if row['name'] == 'weak-motor')
    assert row['from'] == 'weak_motor 0.1.0' and row['title'] == 'What a weaker motor costs'
    lines = reproduce('--help').stdout.splitlines()
    assert '  weak-motor      What a weaker motor costs' in lines


@needs_experiments
def test_it_runs_and_is_in_the_report(tmp_path):
    done = reproduce('weak-motor', '--scale', 'tiny', '--workers', 2, '--output', tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / 'weak-motor.json').read_text())['jobs'] == '2 of 2'
    header, strong, weak = (tmp_path / 'weak-motor.csv').read_text().splitlines()
    assert header == 'network,percent,return'
    assert float(strong.split(',')[-1]) > float(weak.split(',')[-1])
    assert '<h2 id="weak-motor">' in (tmp_path / 'report.html').read_text()


@needs_experiments
def test_it_says_which_tasks_it_is_about(tmp_path):
    done = reproduce('weak-motor', '--task', 'acrobot', '--output', tmp_path)
    assert done.returncode == 2
    assert 'weak-motor has nothing for task acrobot; known are cartpole' in done.stderr
