"""What learns in a twin, or by returns, does so over ROS and in replay as offline."""

import importlib.util

from graphs import digests_in, run, start_demo
import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')
QUICK = {'combined': ('generations=2', 'candidates=6', 'starts=8', 'validation_starts=40'),
         'gains': (), 'perturbation': (), 'blended': ('lead=3',)}


@pytest.mark.parametrize('strategy', QUICK)
def test_it_learns_over_ros_as_offline_and_in_replay(domain, tmp_path, strategy):
    choice = ['--strategy', strategy, '--episodes', '4',
              *(word for value in QUICK[strategy] for word in ('--set', value))]
    offline = run('adapt', 'cartpole', *choice)
    adapted = [episode['digest'] for episode in offline['episodes']]
    assert adapted[0] != offline['initial_digest']
    demo = start_demo(tmp_path / 'run', *choice, '--record', tmp_path / 'bag')
    out, errors = demo.communicate(timeout=120)
    assert demo.returncode == 0, errors
    assert digests_in(tmp_path / 'run') == adapted
    assert ('"identified"' in out) == ('identified' in offline) == (strategy == 'combined')
    if strategy == 'combined':
        found = offline['identified']['pole_half_length']
        assert found['value'] == pytest.approx(0.8, rel=1e-3)
    replayed = run('replay', str(tmp_path / 'bag'))
    assert replayed['equal'] and len(replayed['episodes']) == len(adapted)
