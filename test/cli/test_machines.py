"""Machines and terminals that are not as usual: read-only, full, of few letters, optimised."""

from importlib import import_module
import json
import os
import shutil
import subprocess
import sys

import numpy as np
from places import ROOT
import pytest

from rstdp_ros.cli import evaluate
from rstdp_ros.cli.main import main
from rstdp_ros.snn import quantize
from rstdp_ros.support.compiling import fingerprint


def run(*arguments, flags=(), cwd=None, **environment):
    """Call the command line in a process of its own."""
    variables = {name: value for name, value in os.environ.items() if name != 'PYTHONUNBUFFERED'}
    return subprocess.run([sys.executable, *flags, '-m', 'rstdp_ros', *map(str, arguments)],
                          capture_output=True, timeout=300, cwd=cwd,
                          env={**variables, **environment})


@pytest.fixture(scope='module')
def read_only(tmp_path_factory):
    """Return a copy of the package beside whose sources no kernels can be kept."""
    folder = tmp_path_factory.mktemp('installed')
    for name in ('rstdp_ros', 'models', 'urdf'):
        shutil.copytree(ROOT / name, folder / name,
                        ignore=shutil.ignore_patterns('__pycache__'))
    shutil.copy(ROOT / 'package.xml', folder)
    for package in (folder / 'rstdp_ros').rglob('__init__.py'):
        # Also for root, who writes whatever the permissions say.
        (package.parent / '__pycache__').touch()
    nowhere = {'HOME': '/dev/null', 'XDG_CACHE_HOME': '/dev/null', 'PYTHONPATH': str(folder)}
    return folder, nowhere


@pytest.mark.fault('files', 'a read-only installation and a HOME that cannot be written',
                   'RuntimeError: cannot cache function, even for --version')
def test_kernels_need_no_cache(read_only, tmp_path, measured):
    folder, nowhere = read_only
    for arguments in (['--version'], ['--help'], ['evaluate', '--help']):
        done = run(*arguments, cwd=folder, **nowhere)
        assert done.returncode == 0 and not done.stderr
    returns = []
    for cache in ({}, {'NUMBA_CACHE_DIR': str(tmp_path)}):
        done = run('evaluate', 'cartpole', '--episodes', 2, '--json', cwd=folder,
                   **nowhere, **cache)
        assert done.returncode == 0, done.stderr
        returns.append(json.loads(done.stdout)['returns'])
    assert returns[0] == returns[1] and list(tmp_path.rglob('*.nbi'))
    measured('works, and compiles anew')


@pytest.mark.parametrize('kernel', [
    'network.fixed.current(np.ones(4, np.float32))',
    'network.q_values_of(np.zeros((1, *network.raster_shape), np.uint8))'])
def test_any_kernel_may_be_the_first_to_be_compiled(kernel, tmp_path, shipped):
    quantize(shipped).save(tmp_path / 'x.npz')
    code = (f'import numpy as np; from rstdp_ros.snn import SpikingQNetwork\n'
            f'network = SpikingQNetwork.load({str(tmp_path / "x.npz")!r})\n{kernel}')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          env={**os.environ, 'NUMBA_CACHE_DIR': str(tmp_path)})
    assert done.returncode == 0, done.stderr


def test_version_and_help_load_no_kernels():
    code = ('import sys; from rstdp_ros.cli.main import main\n'
            'try: main(sys.argv[1:])\n'
            'except SystemExit: pass\n'
            'print([name for name in ("numba", "numpy", "torch") if name in sys.modules])')
    for arguments in (['--version'], ['--help']):
        done = subprocess.run([sys.executable, '-c', code, *arguments], capture_output=True,
                              text=True)
        assert done.stdout.splitlines()[-1] == '[]'


def test_the_compiler_is_loaded_by_the_first_kernel_that_runs():
    code = ('import pickle, sys\n'
            'import rstdp_ros.bringup, rstdp_ros.nodes.tables\n'
            'from rstdp_ros.tasks import get_task\n'
            'task = get_task("cartpole")\n'
            'assert pickle.loads(pickle.dumps(task.step)) is task.step\n'
            'before = "numba" in sys.modules\n'
            'task.step((0.0, 0.0, 0.0, 0.0), 10.0, task.physics().constants())\n'
            'print(before, "numba" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout == 'False True\n', done.stderr


FIRST_STEP = """
from rstdp_ros.backends.cpu import CpuBackend
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.robot import JointWiring, RobotPlant

task = get_task({name!r})
kernels = task.robot.observe, task.robot.decode, task.ended, task.reward.of

def loaded():
    return [len(kernel._dispatcher.signatures) for kernel in kernels]

{made}
before = loaded()
{step}
print(before, loaded())
"""
POLICY = ('network = SpikingQNetwork.load(model_path({name!r} + "_0"))\n'
          'policy = PolicyProtocol(task, CpuBackend(network))',
          'policy.observation("a-1", task.robot.observation(*task.robot.pose([0.1] * 4)))')
ROBOT = ('robot = RobotPlant(task, {{joint: JointWiring(joint) for joint in task.robot.joints}}, '
         'lambda effort: None, lambda: 0.0)',
         'joints = task.robot.pose([0.1] * 4)\n'
         'task.worth(joints, task.robot.efforts[0], task.terminated(joints, task.physics()))')


@pytest.mark.parametrize('name', ['cartpole', 'acrobot'])
@pytest.mark.parametrize('who', [POLICY, ROBOT])
def test_the_first_step_loads_no_compiled_code(who, name):
    made, step = (text.format(name=name) for text in who)
    code = FIRST_STEP.format(name=name, made=made, step=step)
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before, after = map(json.loads, done.stdout.strip().replace('] [', ']\n[').split('\n'))
    assert before == after and min(before) > 0


@pytest.mark.fault('files', 'python -OO', "AttributeError: no attribute 'strip'")
@pytest.mark.parametrize('arguments', [
    ['--help'], ['check', 'environment', '--help'], ['evaluate', 'cartpole', '--episodes', '1']])
def test_without_docstrings(arguments):
    done = run(*arguments, flags=['-OO'])
    assert done.returncode == 0 and b'Traceback' not in done.stderr


@pytest.mark.fault('files', 'standard output is full', 'traceback, exit code 120')
@pytest.mark.parametrize('arguments', [
    ['--version'], ['evaluate', 'cartpole', '--episodes', '1', '--json'],
    ['adapt', 'cartpole', '--episodes', '2']])
def test_a_full_disk_is_told(arguments):
    environment = {name: value for name, value in os.environ.items()
                   if name != 'PYTHONUNBUFFERED'}
    with open('/dev/full', 'w') as full:
        done = subprocess.run([sys.executable, '-m', 'rstdp_ros', *arguments], stdout=full,
                              stderr=subprocess.PIPE, text=True, env=environment)
    assert done.returncode == 2
    assert done.stderr == 'rstdp_ros: error: standard output: No space left on device\n'


@pytest.mark.fault('files', 'standard output cannot encode a name', 'UnicodeEncodeError')
@pytest.mark.parametrize('name', ['Stäbchen.npz', '棒.npz', b'\xff.npz'])
def test_names_that_a_terminal_cannot_show(name, tmp_path):
    path = tmp_path / os.fsdecode(name)
    done = run('adapt', 'cartpole', '--episodes', 1, '--output', path,
               PYTHONIOENCODING='ascii')
    assert done.returncode == 0 and path.exists(), done.stderr
    assert b'adapted network: ' in done.stdout


@pytest.mark.fault('files', '--plot x.xyz, or a file that cannot be written',
                   'refused after the run, which is lost')
@pytest.mark.parametrize('option, target', [
    ('--plot', 'x.xyz'), ('--plot', 'x'), ('--plot', '/proc/x.png'),
    ('--plot', '/dev/null/x.svg'), ('--output', '/dev/null/x.npz'), ('--output', '.')])
def test_targets_are_refused_before_the_run(option, target, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('rstdp_ros.cli.adapt.adapt', None)
    try:
        code = main(['adapt', 'cartpole', option, target])
    except SystemExit as stop:
        code = stop.code
    output = capsys.readouterr()
    assert code == 2 and output.err.count('\n') == 1 and target in output.err
    assert not list(tmp_path.iterdir())


@pytest.mark.fault('files', '--json with numbers that are not finite',
                   'Infinity, which is no JSON')
@pytest.mark.parametrize('strange', [np.inf, -np.inf, np.nan])
def test_json_is_what_every_reader_takes(strange, capsys, monkeypatch):
    monkeypatch.setattr(evaluate, 'measure', lambda *arguments: np.array([1.0, strange]))
    assert main(['evaluate', 'cartpole', '--json']) == 0

    def refuse(word):
        raise AssertionError(word)
    result = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert result['returns'] == [1.0, None] and result['mean'] is None


def test_a_kernel_is_compiled_anew_when_what_it_is_made_from_changes(tmp_path, monkeypatch):
    source = ('from rstdp_ros.support.compiling import compiled\nGAIN = 2.0\n'
              '@compiled()\ndef inner(x):\n    """Scale."""\n    return GAIN * x\n'
              '@compiled()\ndef outer(x):\n    return inner(x) + 1.0\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    names = {}
    for what, text in {'first': source, 'same': source, 'constant': source.replace('2.0', '3.0'),
                       'called': source.replace('* x', '- x')}.items():
        (tmp_path / f'scaled_{what}.py').write_text(text)
        outer = import_module(f'scaled_{what}').outer
        names[what] = fingerprint(outer)
        assert outer(5.0) == {'constant': 16.0, 'called': -2.0}.get(what, 11.0)
    assert names['first'] == names['same'] and len({*names.values()}) == 3
