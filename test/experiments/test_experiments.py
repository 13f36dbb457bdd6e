"""The paper's experiments in miniature: the protocol, its statistics, and that nothing is lost."""

import importlib.util
import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
from places import ROOT
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.experiments import best_of, reference_controller
from rstdp_ros.experiments.best_of import BestOf
from rstdp_ros.experiments.environments import (
    DATA,
    environment_sets,
    RANGES,
    SETS,
    sets_as_csv,
    TABLE_2,
)
from rstdp_ros.experiments.jobs import Executor, finished, job_key, run_jobs
from rstdp_ros.experiments.measuring import Measured
from rstdp_ros.experiments.online.methods import ALL
from rstdp_ros.experiments.online.plants import online_plants, plants_as_csv
from rstdp_ros.experiments.online.plants import SETS as PLANTS_PER_RANGE
from rstdp_ros.experiments.statistics import (
    interquartile_mean,
    interval,
    paired_by,
    paired_t,
    pooled,
)
from rstdp_ros.experiments.studies import fig4, STUDIES
from rstdp_ros.experiments.study import networks, SCALES
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import with_gains
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task, TASKS

needs_experiments = pytest.mark.skipif(importlib.util.find_spec('pandas') is None,
                                       reason='the extra "experiments" is not installed')
SMALL = ['fig2', 'fig3', 'fig4', 'fig4-wide', 'blended', 'direction', 'demo-plant', 'guards',
         'identification', 'quantization', 'robust-start', 'rules',
         *(['fig5'] if importlib.util.find_spec('torch') else [])]


@pytest.mark.parametrize('task', TASKS)
def test_the_environments_in_the_files_are_those_of_table_2(task):
    assert (DATA / f'{task}.csv').read_text() == sets_as_csv(task)
    for name in RANGES:
        sets = environment_sets(task, name, SETS)
        assert len(sets) == SETS and len({tuple(s.values()) for s in sets}) == SETS
        for parameter, intervals in TABLE_2[task][name].items():
            values = np.array([s[parameter] for s in sets])
            inside = [(low <= values) & (values <= high) for low, high in intervals]
            assert np.any(inside, axis=0).all()
            # Uniform over the union: each interval gets its share.
            lengths = np.array([high - low for low, high in intervals])
            shares = np.mean(inside, axis=1)
            assert np.allclose(shares, lengths / lengths.sum(), atol=0.15)


@pytest.mark.parametrize('task', TASKS.values(), ids=TASKS)
def test_random_plants_span_what_table_2_does(task):
    for parameter, (least, largest) in task.plant_span.items():
        edges = [edge for name in RANGES for low_high in TABLE_2[task.name][name][parameter]
                 for edge in low_high]
        assert (least, largest) == (min(edges), max(edges))
    assert task.plant_span.keys() == TABLE_2[task.name]['normal'].keys()


@pytest.mark.parametrize('task', TASKS.values(), ids=TASKS)
def test_random_plants_are_log_uniform_and_their_seeds(task):
    plants = [task.random_plant(seed) for seed in range(400)]
    assert plants == [task.random_plant(seed) for seed in range(400)]
    places = np.array([[np.log(getattr(plant, name) / least) / np.log(largest / least)
                        for name, (least, largest) in task.plant_span.items()]
                       for plant in plants])
    assert np.all((0 <= places) & (places <= 1))
    shares = [np.histogram(place, 4, (0, 1))[0] / len(plants) for place in places.T]
    assert np.allclose(shares, 0.25, atol=0.07)
    # Neither a parameter nor the start tells anything about another.
    together = np.hstack((places, task.start_states(range(400))))
    assert np.allclose(np.corrcoef(together.T), np.eye(together.shape[1]), atol=0.2)


def test_every_environment_can_be_built():
    for task in TASKS.values():
        for name in RANGES:
            for values in environment_sets(task.name, name, SETS):
                task.make_physics({**values, 'derived_parameters': 'frozen'})


def test_the_reference_file_is_what_the_controller_reaches(cartpole):
    for i, values in enumerate(environment_sets('cartpole', 'extreme', 3)):
        physics = cartpole.make_physics(values)
        assert reference_controller.best_switching_return(physics) == pytest.approx(
            reference_controller.reference_returns()['recomputed', 'extreme', i], abs=1e-3)


def job(rule='rstdp', task='cartpole', index=3, **changes):
    """Return a run of the protocol that is over in a moment."""
    (_, model, digest), = networks(task, SCALES['tiny'])
    physics = environment_sets(task, 'extreme', index + 1)[index]
    return BestOf(**{'task': task, 'model': model, 'digest': digest, 'physics': physics,
                     'rule': rule, 'preset': 'paper', 'seed': seeds.ADAPTATION, 'episodes': 12,
                     'selection_starts': 20, 'held_out_starts': 10, **changes})


@pytest.mark.parametrize('task, rule', [('cartpole', 'rstdp'), ('cartpole', 'independent'),
                                        ('acrobot', 'rstdp')])
def test_the_best_is_that_of_measuring_everything(task, rule, shipped):
    case, task = job(rule, task), get_task(task)
    network = best_of.load(case)
    physics, starts = task.make_physics(case.physics), seeds.block(seeds.SELECTION, 20)
    learner = Learner(network, Recipe.of(task.name, case.seed, rule, 'none', 'paper'))
    candidates = [network]
    for _ in range(12):
        learner.learn(*task.episode(learner.running, learner.next_seed, physics))
        candidates.append(learner.running)
    means = [task.returns(n, starts, physics).mean() for n in candidates]
    selection, held_out = best_of.run(case)
    assert selection['best_episode'] == int(np.argmax(means))
    assert selection['after'] == max(means) and selection['before'] == means[0]
    assert selection['best_digest'] == candidates[int(np.argmax(means))].digest
    assert selection['plant_episodes'] <= 12 + 13 * 20
    assert held_out['count'] == 10 and held_out['starts'] == 'held-out'


def test_a_perfect_network_is_not_measured_again(cartpole):
    selection, _ = best_of.run(job(physics={}, selection_starts=5))
    assert selection['episodes'] == 0 and selection['plant_episodes'] == 5


def test_a_network_that_changed_is_noticed():
    with pytest.raises(RstdpError, match='changed'):
        best_of.run(job(digest='0' * 64))


@pytest.mark.parametrize('scale', SCALES.values(), ids=SCALES)
@pytest.mark.parametrize('name', STUDIES)
def test_a_study_has_jobs_at_every_scale_and_each_once(name, scale):
    study = STUDIES[name]
    jobs = study.jobs(study.tasks, scale)
    assert {job.task for job in jobs} <= {*study.tasks}
    assert len({job_key(study.run, job) for job in jobs}) == len(jobs) > 0


def test_what_is_deployed_for_long_is_measured_once(shipped):
    played = []
    measured = Measured(lambda network: played.append(network) or len(played))
    other = with_gains(shipped, np.full(shipped.observation_size, 0.1))
    assert [measured(one) for one in (shipped, other, shipped, other)] == [1, 2, 1, 2]
    assert played == [shipped, other]


@needs_experiments
def test_paired_rows_leave_out_what_has_no_partner():
    import pandas
    index = pandas.MultiIndex.from_product([['b', 'a'], [1, 2, 3]], names=['task', 'seed'])
    rows = paired_by(pandas.Series([1.0, 1.0, np.nan, 3.0, 4.0, 5.0], index), ['task'], of='x')
    assert [(row['task'], row['of'], row['pairs'], row['mean']) for row in rows] == [
        ('b', 'x', 2, 1.0), ('a', 'x', 3, 4.0)]
    assert rows[1]['95 % low'] < 4.0 < rows[1]['95 % high']


def test_statistics():
    scipy_stats = pytest.importorskip('scipy.stats')
    generator = np.random.default_rng(0)
    groups = [generator.normal(i, 1 + i, 10 + i) for i in range(4)]
    mean, std = pooled([len(g) for g in groups], [g.mean() for g in groups],
                       [g.std(ddof=1) for g in groups])
    everything = np.concatenate(groups)
    assert np.isclose(mean, everything.mean()) and np.isclose(std, everything.std(ddof=1))
    before, after = generator.normal(0, 1, 50), generator.normal(0.3, 1, 50)
    difference = (before - after).reshape(5, 10)
    t, p, n = paired_t(np.full(5, 10), difference.mean(1), difference.std(1, ddof=1))
    expected = scipy_stats.ttest_rel(before, after)
    assert np.isclose(t, expected.statistic) and np.isclose(p, expected.pvalue) and n == 50
    low, high = interval(after)
    assert low < after.mean() < high
    assert interval(np.ones(5)) == (1.0, 1.0)
    assert interquartile_mean(np.array([0, 1, 1, 100])) == 1.0


def reproduce(folder, *arguments):
    """Start the command line as a person does."""
    return subprocess.Popen([sys.executable, '-m', 'rstdp_ros', 'reproduce', *arguments,
                             '--scale', 'tiny', '--output', str(folder)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@needs_experiments
def test_a_killed_run_goes_on_and_workers_change_nothing(tmp_path):
    killed = reproduce(tmp_path / 'killed', 'fig4', '--workers', '1')
    deadline = time.monotonic() + 60
    while len(list((tmp_path / 'killed' / 'jobs').glob('*.json'))) < 5:
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    done = {f: f.stat().st_mtime_ns for f in (tmp_path / 'killed' / 'jobs').glob('*.json')}
    for name, workers in (('killed', 1), ('undisturbed', 2)):
        process = reproduce(tmp_path / name, 'fig4', '--workers', str(workers))
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert all(f.stat().st_mtime_ns == when for f, when in done.items()), 'finished jobs redone'
    first, second = ((tmp_path / name / 'fig4.csv').read_bytes()
                     for name in ('killed', 'undisturbed'))
    assert first == second and first.count(b'\n') == 1 + 2 * 2 * 2 * 7 * 2


@pytest.mark.skipif(importlib.util.find_spec('ray') is None, reason='Ray is not installed')
def test_ray_gives_the_same_rows(tmp_path):
    cases = [job(index=i, episodes=2) for i in range(4)]
    for name in ('loky', 'ray'):
        run_jobs(best_of.run, cases, tmp_path / name, Executor(2, name))
    rows, done = finished(best_of.run, cases, tmp_path / 'loky')
    assert (rows, done) == finished(best_of.run, cases, tmp_path / 'ray')
    assert len(rows) == 8 and done == 4


def count_up(case):
    """Stand in for a job."""
    return [{'seed': case.seed}]


@pytest.mark.fault('files', 'a damaged file of a finished job of reproduce',
                   'traceback where it is deep, or JSON of another form')
@pytest.mark.parametrize('damage', ['[{"se', '5', '{}', '[1]', 'null', '[' * 100_000, ''])
def test_damaged_job_files_are_run_again(damage, tmp_path):
    cases = [job(seed=i) for i in range(3)]
    run_jobs(count_up, cases, tmp_path, Executor())
    next(tmp_path.glob('*.json')).write_text(damage)
    assert finished(count_up, cases, tmp_path)[1] == 2
    run_jobs(count_up, cases, tmp_path, Executor())
    assert finished(count_up, cases, tmp_path) == ([{'seed': i} for i in range(3)], 3)


@needs_experiments
def test_the_document_shows_the_results_that_are_kept():
    from rstdp_ros.experiments.document import filled
    for name, first in (('reproduction', 'fig4'), ('quantization', 'quantization'),
                        ('pybullet', 'pybullet'), ('adaptation', 'identification')):
        text = (ROOT / f'docs/{name}.md').read_text()
        assert f'<!-- {first} 1 -->' in text and filled(text, ROOT / 'docs/results') == text
        for picture in re.findall(r'\]\((results/.*?)\)', text):
            assert (ROOT / 'docs' / picture).exists()
    with pytest.raises(RstdpError, match='tables, not 99'):
        filled('<!-- fig4 99 --><!-- end -->', ROOT / 'docs/results')


@needs_experiments
def test_a_rule_whose_runs_are_not_finished_is_left_out():
    import pandas
    data = pandas.read_csv(ROOT / 'docs/results/fig4.csv')
    cell = data.query("task == 'cartpole' and derived == 'frozen' and variant == 'random'")
    overview = next(iter(fig4.tables(data.drop(cell.index[0])).values()))
    gone = overview[overview['random'].isna()]
    assert len(gone) == 1 and gone.iloc[0]['derived'] == 'frozen'
    assert gone.iloc[0]['starts'] == cell.iloc[0]['starts'] and gone['rstdp'].notna().all()


@needs_experiments
def test_a_part_adds_to_what_is_there(tmp_path):
    for part in (['--task', 'cartpole'], ['--task', 'acrobot', '--rule', 'rstdp']):
        process = reproduce(tmp_path, 'direction', '--workers', '1', *part)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    origin = json.loads((tmp_path / 'direction.json').read_text())
    assert origin['jobs'] == '24 of 40'
    lines = (tmp_path / 'direction.csv').read_text().splitlines()
    assert sum('acrobot' in line for line in lines) == 16 and len(lines) == 1 + 24 * 4


@needs_experiments
def test_a_part_can_be_one_physics(tmp_path):
    assert main(['reproduce', 'fig4', '--scale', 'tiny', '--workers', '1', '--task', 'cartpole',
                 '--rule', 'rstdp', '--derived', 'frozen', '--output', str(tmp_path)]) == 0
    assert json.loads((tmp_path / 'fig4.json').read_text())['jobs'] == '2 of 56'
    _, *lines = (tmp_path / 'fig4.csv').read_text().splitlines()
    assert len(lines) == 2 * 2 and all('frozen' in line for line in lines)
    figure = tmp_path / 'fig4.png'
    drawn = figure.read_bytes()
    figure.unlink()
    assert main(['reproduce', 'report', '--output', str(tmp_path)]) == 0
    assert figure.read_bytes() == drawn


@pytest.mark.long
@needs_experiments
def test_everything_in_miniature(tmp_path, capsys):
    for name in SMALL:
        assert main(['reproduce', name, '--scale', 'tiny', '--workers', '1',
                     '--output', str(tmp_path)]) == 0
        assert (tmp_path / f'{name}.csv').stat().st_size > 100
    page = (tmp_path / 'report.html').read_text()
    assert page.count('<img') == len(SMALL) and page.count('<table') >= len(SMALL)
    assert 'rstdp_ros reproduce fig4 --scale tiny' in page
    assert 'src="http' not in page and '<link' not in page


@needs_experiments
def test_learning_online_in_miniature(tmp_path):
    assert main(['reproduce', 'online', '--scale', 'tiny', '--task', 'cartpole', '--rule', 'none',
                 '--rule', 'gains', '--rule', 'combined without gains', '--workers', '1',
                 '--output', str(tmp_path)]) == 0
    from pandas import read_csv
    data = read_csv(tmp_path / 'online.csv')
    assert set(data['plants']) == set(ALL)
    runs = data[data['method'] == 'gains'].groupby(['plants', 'start'])['episodes']
    assert all(list(episodes) == [0, 1, 2, 3] for _, episodes in runs)
    first = data[data['episodes'] == 0]
    assert (first['return'] == first['before'])[first['plants'] != 'changed'].all()
    assert data['success'].between(0, 1).all()


@pytest.mark.parametrize('task', TASKS)
def test_the_plants_of_the_online_study_are_in_files(task):
    assert (DATA / f'online_{task}.csv').read_text() == plants_as_csv(task)
    for name in ('normal', 'extreme', 'hard'):
        plants = [get_task(task).make_physics(values) for values in online_plants(task, name)]
        assert len(set(plants)) == PLANTS_PER_RANGE
        assert all((plant.actuator_delay > 0) == (name == 'hard') for plant in plants)


@pytest.mark.parametrize('arguments, reason', [
    (['fig9'], "unknown experiment 'fig9'"), (['fig4', '--scale', 'huge'], "unknown scale 'huge'"),
    (['fig4', '--workers', '0'], '--workers 0'), (['fig4', '--task', 'juggling'], 'unknown task'),
    (['fig4-wide', '--task', 'acrobot'], 'nothing for task acrobot'),
    (['fig4', '--derived', 'guessed'], "unknown physics 'guessed'"),
    (['fig2', '--executor', 'mars', '--scale', 'tiny'], "unknown executor 'mars'")])
@needs_experiments
def test_bad_requests_are_one_line(arguments, reason, capsys, tmp_path):
    assert main(['reproduce', *arguments, '--output', str(tmp_path)]) == 2
    errors = capsys.readouterr().err
    assert reason in errors and 'Traceback' not in errors
