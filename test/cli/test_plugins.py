"""Strategies and guards from outside: a package that is installed is found, and nothing else."""

import importlib.util
import subprocess
import sys

from graphs import digests_in, run, start_demo
from outside import install, python_path
import pytest

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plugins import Plugins

needs_ros = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                               reason='ROS 2 is not installed')
CHOICE = ['--strategy', 'random_search', '--guard', 'none', '--set', 'reach=0.1',
          '--episodes', '6']


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """Install the example where this test's processes find it; return that folder."""
    return install('random_search', tmp_path_factory)


@pytest.fixture
def found(installed, monkeypatch):
    """Let processes that start now find the example."""
    monkeypatch.setenv('PYTHONPATH', python_path(installed))


def test_an_installed_strategy_is_listed_and_adapts(found):
    listed = {row['name']: row for row in run('plugins')}
    assert listed['random_search']['from'] == 'random_search 0.1.0'
    assert listed['random_search']['parameters'] == ['reach', 'forgetting']
    assert listed['rstdp']['from'] == 'rstdp_ros' and not any(r['fault'] for r in listed.values())
    once, again = (run('adapt', 'cartpole', *CHOICE) for _ in range(2))
    digests = [episode['digest'] for episode in once['episodes']]
    assert digests == [episode['digest'] for episode in again['episodes']]
    assert len(set(digests)) == 6


def test_a_strategy_that_is_broken_harms_no_other(installed, found, tmp_path, monkeypatch):
    for name, target in (('lost', 'nowhere:Lost'), ('false', 'random_search:RandomSearch')):
        folder = tmp_path / f'{name}-0.1.dist-info'
        folder.mkdir()
        (folder / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n')
        (folder / 'entry_points.txt').write_text(f'[rstdp_ros.strategies]\n{name} = {target}\n')
    monkeypatch.setenv('PYTHONPATH', python_path(tmp_path))
    faults = {row['name']: row['fault'] for row in run('plugins')}
    assert 'strategy lost of lost 0.1 cannot be loaded: ModuleNotFoundError' in faults['lost']
    assert "it calls itself 'random_search'" in faults['false']
    assert not faults['random_search'] and not faults['rstdp']
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros', 'adapt', 'cartpole', '--strategy',
                           'lost'], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count('\n') == 1
    assert 'strategy lost of lost 0.1 cannot be loaded' in done.stderr


def test_an_unknown_name_is_refused_with_the_known_ones():
    plugins = Plugins('thing', 'rstdp_ros.things', {'path': 'pathlib:Path'})
    with pytest.raises(RstdpError, match="unknown thing 'x'; known are path"):
        plugins['x']
    assert 'x' not in plugins and 'path' in plugins and len(plugins) == 1


@needs_ros
@pytest.mark.parametrize('name, words', [
    ('seed', 'SearchParameters has a parameter seed, which the node has already'),
    ('window', 'GuardParameters has a parameter window, which the node has already')])
def test_a_parameter_of_two_tables_is_refused(installed, domain, name, words, tmp_path,
                                              monkeypatch):
    source = (installed / 'random_search.py').read_text()
    (tmp_path / 'random_search.py').write_text(source.replace('reach', name))
    monkeypatch.setenv('PYTHONPATH', python_path(tmp_path, installed))
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros.nodes.adaptation', '--ros-args', '-p',
                           'strategy:=random_search'], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr


@needs_ros
def test_an_installed_strategy_learns_over_ros_as_offline_and_in_replay(
        found, domain, tmp_path):
    offline = [episode['digest'] for episode in run('adapt', 'cartpole', *CHOICE)['episodes']]
    demo = start_demo(tmp_path / 'run', *CHOICE, '--record', tmp_path / 'bag')
    _, errors = demo.communicate(timeout=90)
    assert demo.returncode == 0, errors
    assert digests_in(tmp_path / 'run') == offline and len(set(offline)) == 6
    replayed = run('replay', str(tmp_path / 'bag'))
    assert replayed['equal'] and len(replayed['episodes']) == 6
    changed = run('replay', str(tmp_path / 'bag'), '--set', 'reach=0.2')
    assert any(row['apart'] > 0.0 for row in changed['divergence'])
