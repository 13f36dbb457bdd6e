"""The command line: what it prints, and one sentence for every mistake."""

import json
import subprocess
import sys

import numpy as np
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.plasticity import RSTDPParameters
from rstdp_ros.snn import Neuron, SpikingQNetwork
from rstdp_ros.support.parameters import from_mapping, Parameter, table
from rstdp_ros.support.resources import share_path

PLANT = ['--set', 'pole_half_length=0.8', '--set', 'pole_mass=0.3']


def run(*arguments):
    """Call the command line in a process of its own."""
    return subprocess.run([sys.executable, '-m', 'rstdp_ros', *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)


def test_evaluate_prints_json(cartpole, shipped, demo_physics):
    done = run('evaluate', 'cartpole', '--model', share_path('models/cartpole_0.npz'),
               '--episodes', 5, '--seed', 300_000_000, *PLANT, '--json')
    result = json.loads(done.stdout)
    expected = cartpole.returns(shipped, range(300_000_000, 300_000_005), demo_physics)
    assert result['returns'] == expected.tolist() and result['digest'] == shipped.digest


def test_adapt_prints_json_and_writes_network_and_plot(tmp_path):
    network, plot = tmp_path / 'out.npz', tmp_path / 'plots' / 'returns.png'
    done = run('adapt', 'cartpole', '--strategy', 'rstdp', '--episodes', 12, *PLANT, '--preset',
               'paper', '--output', network, '--plot', plot, '--json')
    result = json.loads(done.stdout)
    assert len({e['digest'] for e in result['episodes']}) >= 8
    assert SpikingQNetwork.load(network).digest == result['deployed_digest']
    assert plot.read_bytes().startswith(b'\x89PNG')
    assert 'held-out starts' in done.stderr


def test_adapt_is_repeatable_and_depends_on_its_parameters(capsys):
    def digests(*extra):
        assert main(['adapt', 'cartpole', '--strategy', 'rstdp', '--episodes', '4', '--json',
                     *extra]) == 0
        return [e['digest'] for e in json.loads(capsys.readouterr().out)['episodes']]

    usual = digests()
    assert usual == digests(*PLANT)
    for other in (['--seed', '200000001'], ['--preset', 'authors'], ['--rule', 'random'],
                  ['--set', 'tau_c=20'], ['--set', 'pole_mass=0.2'], ['--model', 'cartpole_1']):
        assert digests(*other) != usual


MISTAKES = [
    (['evaluate', 'unicycle'], "unknown task 'unicycle'"),
    (['evaluate', 'cartpole', '--model', 'nix.npz'], 'nix.npz: no such file'),
    (['evaluate', 'cartpole', '--episodes', '0'], '--episodes 0'),
    (['evaluate', 'cartpole', '--episodes', 'many'], 'invalid int value'),
    (['evaluate', 'cartpole', '--seed', '-1'], '--seed -1'),
    (['evaluate', 'cartpole', '--set', 'pole_mass'], 'NAME=VALUE'),
    (['evaluate', 'cartpole', '--set', 'colour=red'], "unknown parameter 'colour'"),
    (['evaluate', 'cartpole', '--set', 'pole_mass=-1'], 'below its minimum'),
    (['evaluate', 'cartpole', '--set', 'pole_mass=nan'], 'finite'),
    (['evaluate', 'cartpole', '--set', 'pole_mass=heavy'], 'must be a float'),
    (['adapt', 'cartpole', '--set', 'reset_traces=perhaps'], 'must be true or false'),
    (['adapt', 'cartpole', '--set', 'window=0'], 'below its minimum'),
    (['adapt', 'cartpole', '--preset', 'best'], "unknown preset 'best'"),
    (['adapt', 'cartpole', '--strategy', 'magic'], "unknown strategy 'magic'"),
    (['adapt', 'cartpole', '--guard', 'dog'], "unknown guard 'dog'"),
    (['adapt', 'cartpole', '--env', 'Nothing-v0'], 'cannot be made'),
    (['demo', 'cartpole', '--episodes', '0'], '--episodes 0'),
    (['demo', 'unicycle'], "unknown task 'unicycle'"),
    (['train', 'unicycle'], "unknown task 'unicycle'"),
    (['train', 'cartpole', '--episodes', '0'], '--episodes 0'),
    (['reproduce', 'fig99'], "unknown experiment 'fig99'"),
    (['fly'], 'invalid choice'),
    ([], 'required: VERB'),
]


@pytest.mark.parametrize('arguments, reason', MISTAKES)
def test_a_mistake_is_told_in_one_line(arguments, reason, capsys):
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    output = capsys.readouterr()
    assert code == 2 and output.out == ''
    assert output.err.count('\n') == 1 and reason in output.err


def test_a_network_for_something_else_is_refused(tmp_path, shipped, capsys):
    other = SpikingQNetwork([np.ones((12, 4)), np.ones((4, 4)), np.ones((4, 3))],
                            Neuron(0.8, 0.8, 1.0, 3), 'acrobot', (-1, 0, 1))
    other.save(tmp_path / 'a.npz')
    assert main(['evaluate', 'cartpole', '--model', str(tmp_path / 'a.npz')]) == 2
    assert "'acrobot', not 'cartpole'" in capsys.readouterr().err


@pytest.mark.parametrize('words, now', [
    (['evaluate', 'cartpole', '--backend', 'gym', '--episodes', '1'], '--plant'),
    (['adapt', 'cartpole', '--rule', 'rstdp', '--episodes', '1'], '--strategy'),
    (['reproduce', 'fig9', '--backend', 'ray'], '--executor')])
def test_an_earlier_name_of_an_option_is_understood(words, now, capsys):
    code = main(words)
    assert f'{words[2]} is called {now} now' in capsys.readouterr().err
    assert code == (2 if 'fig9' in words else 0)


def test_help_of_every_verb():
    for verb in ('train', 'evaluate', 'quantize', 'robustify', 'adapt', 'demo', 'identify',
                 'reproduce'):
        done = run(verb, '--help')
        assert done.returncode == 0 and 'usage: rstdp_ros' in done.stdout


def test_tables_have_names_units_and_ranges():
    known = table(RSTDPParameters)
    assert known['tau_c'].unit == 'ticks' and known['tau_c'].minimum == 1.0
    assert all(p.description.endswith('.') for p in known.values())
    assert from_mapping(RSTDPParameters, {'tau_c': 20}).tau_c == 20.0


@pytest.mark.parametrize('text, value', [('true', True), ('False', False)])
def test_flags_are_words(text, value):
    assert Parameter('x', False, '').parse(text) is value
