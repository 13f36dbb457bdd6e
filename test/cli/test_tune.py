"""Tuning: it searches, continues, and compares on plants that served for nothing else."""

import importlib.util
import json

import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.experiments.tuning import Range
from rstdp_ros.plasticity import STRATEGIES
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import table

needs_optuna = pytest.mark.skipif(importlib.util.find_spec('optuna') is None,
                                  reason='the extra "tune" is not installed')
KNOWN = table(STRATEGIES['perturbation'].Parameters)
SMALL = ('tune', 'cartpole', '--strategy', 'perturbation', '--model', 'cartpole_0', '--plants',
         '2', '--at', '2', '3', '--trials', '2')


@needs_optuna
def test_a_search_continues_and_ends_with_a_comparison(tmp_path, capsys):
    storage = f'sqlite:///{tmp_path / "tuning.db"}'
    words = (*SMALL, '--vary', 'jitter=0.1:1.5', '--vary', 'speed=0.1:0.5', '--storage', storage)
    assert main(words) == 0
    first = capsys.readouterr().out
    assert 'trial 0' in first and 'trial 1' in first and 'on 2 other plants' in first
    assert main((*words, '--json')) == 0
    second = capsys.readouterr()
    assert 'trial 3' in second.err and 'trial 1' not in second.err
    found = json.loads(second.out)
    assert 0.1 <= found['best']['jitter'] <= 1.5 and 0.1 <= found['best']['speed'] <= 0.5
    assert found['low'] <= found['score'] - found['score_of_defaults'] <= found['high']


@pytest.mark.parametrize('words, said', [
    (('--vary', 'jiter=0:1'), "did you mean 'jitter'"), (('--vary', 'jitter=1'), 'LOW:HIGH'),
    (('--vary', 'jitter=1:0.5'), 'not below'), (('--vary', 'jitter=0:9'), 'maximum'),
    (('--vary', 'site=a:b'), 'not a number'), (('--vary', 'jitter=0:1', '--at', '0'), '--at'),
    (('--vary', 'jitter=0:1', '--plants', '0'), '--plants'),
    (('--vary', 'jitter=0:1', '--model', 'acrobot_0'), 'acrobot')])
def test_what_cannot_be_searched_is_said(words, said, capsys):
    assert main((*SMALL, *words)) == 2
    assert said in capsys.readouterr().err


@needs_optuna
def test_a_storage_that_cannot_be_used_is_named(capsys):
    assert main((*SMALL, '--vary', 'jitter=0.1:1', '--storage', 'nix://nowhere')) == 2
    assert 'nix://nowhere' in capsys.readouterr().err


def test_wide_ranges_are_logarithmic():
    assert Range.parse('0.01:1', KNOWN['jitter']).logarithmic
    assert not Range.parse('0.5:1', KNOWN['jitter']).logarithmic
    assert not Range.parse('0:1', KNOWN['jitter']).logarithmic
    with pytest.raises(RstdpError, match='not below'):
        Range.parse('1:1', KNOWN['jitter'])
