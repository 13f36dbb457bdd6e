"""Films: what is drawn where, which pictures there are, and what the file holds."""

import math
import shutil
import subprocess

import numpy as np
from PIL import Image
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.drawing.film.film import Film
from rstdp_ros.drawing.film.panels import fitted
from rstdp_ros.drawing.film.script import caption, Script
from rstdp_ros.drawing.film.timing import fitting_speed, HOLD_SECONDS, shown_steps
from rstdp_ros.drawing.film.writer import write_film
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.plasticity import AdaptationRun, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task, TASKS
from rstdp_ros.tasks.gym import GymPlant
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.rollout import roll_out
from rstdp_ros.tasks.sketch import KINDS, View

SMALL = ('--fps', '5', '--width', '240', '--speed', '2', '--max-seconds', '2')


def plant_with(task, physics):
    """Return the task's plant."""
    plant = GymPlant(task)
    plant.set_physics(physics)
    return plant


def parts(task, positions, **physics):
    """Return the parts of a pose by kind."""
    sketch = task.sketch.parts(Joints(positions, (0.0, 0.0)), task.make_physics(physics))
    return {kind: [p.points for p in sketch if p.kind == kind] for kind in KINDS}


def test_the_pole_is_twice_the_half_length_and_leans_towards_plus_x(cartpole):
    drawn = parts(cartpole, (1.0, math.pi / 6), pole_half_length=0.8)
    (pivot, tip), = drawn['link']
    assert pivot == (1.0, 0.0)
    assert tip == pytest.approx((1.0 + 1.6 * 0.5, 1.6 * math.sqrt(3) / 2))
    (corners,) = drawn['body']
    assert np.mean([x for x, _ in corners]) == pytest.approx(1.0)
    assert max(y for _, y in corners) == 0.0
    upright, = parts(cartpole, (-2.0, 0.0))['link']
    assert upright == ((-2.0, 0.0), (-2.0, 1.0))


def test_the_limits_are_where_an_episode_ends(cartpole):
    physics = cartpole.make_physics({'angle_limit': 0.3})
    left, right, *angles = parts(cartpole, (0.5, 0.0), angle_limit=0.3)['limit']
    assert (left[0][0], right[0][0]) == (-2.4, 2.4)
    for ((x, y), (tip_x, tip_y)), sign in zip(angles, (-1, 1)):
        angle = math.atan2(tip_x - x, tip_y - y)
        assert angle == pytest.approx(sign * 0.3)
        for factor, over in ((0.99, False), (1.01, True)):
            assert cartpole.terminated(Joints((0.5, factor * angle), (0.0, 0.0)), physics) == over


@pytest.mark.parametrize('positions, elbow, tip', [
    ((0.0, 0.0), (0.0, -1.5), (0.0, -3.0)),
    ((math.pi / 2, 0.0), (1.5, 0.0), (3.0, 0.0)),
    ((0.0, math.pi / 2), (0.0, -1.5), (1.5, -1.5)),
    ((math.pi, 0.0), (0.0, 1.5), (0.0, 3.0)),
    ((math.pi / 2, math.pi / 2), (1.5, 0.0), (1.5, 1.5)),
    ((-math.pi / 6, 0.0), (-0.75, -1.5 * math.sqrt(3) / 2), (-1.5, -3.0 * math.sqrt(3) / 2))])
def test_the_acrobot_hangs_at_zero_and_both_links_have_one_length(positions, elbow, tip):
    upper, lower = parts(get_task('acrobot'), positions, link_length=1.5)['link']
    assert upper[0] == (0.0, 0.0) and upper[1] == lower[0]
    assert upper[1] == pytest.approx(elbow) and lower[1] == pytest.approx(tip)


def test_the_acrobot_is_done_where_its_tip_crosses_the_line():
    task = get_task('acrobot')
    physics = task.make_physics({'link_length': 1.5})
    for elbow in np.linspace(0.0, 3.0, 50):
        pose = Joints((2.5, elbow), (0.0, 0.0))
        drawn = parts(task, pose.positions, link_length=1.5)
        height, line = drawn['link'][1][1][1], drawn['limit'][0][0][1]
        assert (height > line) == task.terminated(pose, physics)


@pytest.mark.parametrize('name', TASKS)
def test_every_pose_of_an_episode_is_in_view_and_has_the_same_parts(name):
    task = get_task(name)
    physics = task.make_physics(task.demo_physics)
    network = SpikingQNetwork.load(share_path(f'models/{name}_0.npz'))
    view = task.sketch.view(physics)
    rollout = roll_out(task, plant_with(task, physics), network, seeds.SELECTION)
    kinds = set()
    for joints in rollout.joints:
        sketch = task.sketch.parts(joints, physics)
        kinds.add(tuple((part.kind, len(part.points)) for part in sketch))
        for x, y in (point for part in sketch for point in part.points):
            assert view.left <= x <= view.right and view.bottom <= y <= view.top
    assert len(kinds) == 1


@pytest.mark.parametrize('name', TASKS)
def test_a_film_shows_the_episode_that_is_evaluated(name):
    task = get_task(name)
    physics = task.make_physics(task.demo_physics)
    network = SpikingQNetwork.load(share_path(f'models/{name}_0.npz'))
    rollout = roll_out(task, plant_with(task, physics), network, seeds.SELECTION)
    episode = task.episode(network, seeds.SELECTION, physics)
    assert np.array_equal(rollout.rasters, episode.rasters)
    assert rollout.returns[-1] == episode.episode_return
    assert len(rollout.joints) == len(rollout.returns) == rollout.steps + 1


def test_a_view_is_widened_never_cut():
    assert fitted(View(-1, 1, 0, 1), 4.0) == View(-2, 2, 0, 1)
    assert fitted(View(-1, 1, 0, 1), 1.0) == View(-1, 1, -0.5, 1.5)


def test_pictures_follow_time():
    hold = round(HOLD_SECONDS * 10)
    # At ten pictures and five steps a second each step is shown twice.
    assert shown_steps(3, 0.2, 10) == [0, 0, 1, 1, 2, 2, 3] + [3] * hold
    assert shown_steps(4, 0.05, 10) == [0, 2, 4] + [4] * hold
    assert fitting_speed([200], 0.02, 20.0) == 0.5
    assert fitting_speed([127], 0.2, 20.0) == 4.0  # 25.4 s in 8 s
    assert fitting_speed([200, 200, 200], 0.02, 10.0) == 3.0  # 12 s in 5.5 s


@pytest.fixture
def script(cartpole, shipped, demo_physics):
    """Return a short film of two networks, of which one fails early."""
    learner, _ = adapt(Adaptation(cartpole, shipped, demo_physics, 25,
                                  Recipe.of('cartpole', seeds.ADAPTATION, guard='none')))
    return Script(cartpole, demo_physics, shipped, learner.deployed, [seeds.HELD_OUT], 2.0, 5, 240)


def test_pictures_differ_and_sides_change_places_with_the_models(script):
    film = Film(script)
    steps = film.pairs[0][1].steps
    assert len(film) == math.ceil(steps * 0.02 / 2.0 * 5) + 1 + round(HOLD_SECONDS * 5)
    moving = len(film) - round(HOLD_SECONDS * 5)
    pictures = [film[i] for i in range(moving)]
    assert pictures[0].shape == (168, 240, 3) and pictures[0].dtype == np.uint8
    assert all((a != b).any() for a, b in zip(pictures, pictures[1:]))
    assert np.array_equal(film[moving - 1], film[len(film) - 1])
    swapped = Film(Script(**{**vars(script), 'before': script.after, 'after': script.before}))
    for (early, late), (other, another) in zip(film.pairs, swapped.pairs):
        assert early.returns[-1] == another.returns[-1] < late.returns[-1] == other.returns[-1]
    # On the left, so much of the raster is filled as its network lasted.
    inked = [(picture[78:91, 23:116].min(axis=2) < 250).any(axis=0).sum()
             for picture in (film[moving - 1], swapped[moving - 1])]
    assert inked[1] > 2 * inked[0]


def test_the_caption_says_plant_start_and_speed(script, cartpole):
    text = caption(script, seeds.HELD_OUT, 0.5)
    assert 'pole_half_length 0.8 m (default 0.5), pole_mass 0.3 kg (default 0.1)' in text
    assert 'seed 400000000 (held-out); 0.5 x real time' in text
    usual = Script(**{**vars(script), 'physics': cartpole.physics()})
    assert 'its default physics' in caption(usual, 200_000_000, 1.0)
    assert '(adaptation)' in caption(usual, 200_000_000, 1.0)


def test_the_file_holds_the_pictures(script, tmp_path):
    film = Film(script)
    moving = len(film) - round(HOLD_SECONDS * script.fps)
    write_film(tmp_path / 'film.gif', film, script.fps)
    with Image.open(tmp_path / 'film.gif') as image:
        # Equal pictures are one that stays longer.
        assert image.size == (240, 168) and image.n_frames == moving and image.info['loop'] == 0
        lengths = []
        for i in range(image.n_frames):
            image.seek(i)
            lengths.append(image.info['duration'])
            shown = np.asarray(image.convert('RGB'), np.int16)
            assert np.abs(shown - film[i]).mean() < 2.0
        assert sum(lengths) == 1000 * len(film) / script.fps


def test_render_takes_models_seeds_and_physics(tmp_path, capsys):
    output = tmp_path / 'films' / 'film.gif'
    assert main(['render', 'cartpole', '--before', 'cartpole_0', '--after', 'cartpole_2',
                 '--set', 'pole_mass=0.3', '--seed', '300000000', '300000001',
                 '--output', str(output), *SMALL]) == 0
    said = capsys.readouterr().out
    assert 'seed 300000000: return' in said and 'seed 300000001: return' in said
    assert 'cuts off the last' in said
    with Image.open(output) as image:
        assert image.width == 240 and image.n_frames > 1


def test_render_takes_the_networks_of_a_run(script, tmp_path, capsys):
    learning = Adaptation(script.task, script.before, script.physics, 3,
                          Recipe.of('cartpole', seeds.ADAPTATION, guard='none'))
    run = AdaptationRun(learning.learner(), tmp_path)
    episode = script.task.episode(script.before, seeds.ADAPTATION, script.physics)
    run.finish_episode(episode.rasters, episode.episode_return)
    command = ['render', 'cartpole', '--run-dir', str(tmp_path), '--seed', '300000000',
               '--output', str(tmp_path / 'film.gif'), *SMALL]
    returns = {}
    for name, physics in (('backend', script.physics),
                          ('plant', script.task.make_physics({'pole_half_length': 1.2}))):
        (tmp_path / 'environment.yaml').write_text(
            f'/**:\n  ros__parameters: {{{name}: gym, {fields(physics)}}}\n')
        assert main(command) == 0
        returns[physics] = capsys.readouterr().out.splitlines()[0]
        before, after = (script.task.returns(network, [300_000_000], physics)[0]
                         for network in (script.before, run.learner.deployed))
        assert f'return {before:g} before, {after:g} after' in returns[physics]
    (tmp_path / 'environment.yaml').unlink()
    assert main(command) == 0
    assert 'does not say which plant it met' in capsys.readouterr().out


def fields(physics):
    """Write parameters as a line of YAML."""
    return ', '.join(f'{name}: {value}' for name, value in vars(physics).items())


@pytest.mark.parametrize('arguments, words', [
    (['--before', 'nix.npz'], 'nix.npz: no such file'),
    (['--before', 'acrobot_0'], "made for task 'acrobot'"),
    (['--after', 'cartpole_1'], '--after needs --before'),
    (['--run-dir', '.', '--before', 'cartpole_0'], '--run-dir brings both networks'),
    (['--run-dir', 'nowhere'], 'nowhere: holds no checkpoint'),
    (['--output', 'film.avi'], 'film.avi: a film is a .gif or an .mp4'),
    (['--set', 'colour=red'], "unknown parameter 'colour'"),
    (['--seed', '500000000'], '--seed 500000000 is not in 0..499999999'),
    (['--fps', '0'], '--fps 0 is not in'), (['--width', '9'], '--width 9 is not in'),
    (['--speed', '0'], '--speed 0 is not in'),
    (['--max-seconds', 'nan'], '--max-seconds nan is not in')])
def test_a_mistake_is_one_sentence_and_leaves_no_file(arguments, words, tmp_path, monkeypatch,
                                                      capsys):
    monkeypatch.chdir(tmp_path)
    assert main(['render', 'cartpole', '--output', 'film.gif', *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == 1
    assert not list(tmp_path.iterdir())


def test_an_mp4_without_ffmpeg_is_refused_before_the_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('PATH', str(tmp_path))
    assert main(['render', 'cartpole', '--output', str(tmp_path / 'film.mp4')]) == 2
    said = capsys.readouterr()
    assert 'needs ffmpeg, which is not on the PATH' in said.err and 'adapting' not in said.out


@pytest.mark.skipif(shutil.which('ffmpeg') is None, reason='ffmpeg is not installed')
def test_an_mp4_by_ffmpeg(script, tmp_path):
    write_film(tmp_path / 'film.mp4', Film(script), script.fps)
    subprocess.run(['ffmpeg', '-v', 'error', '-i', tmp_path / 'film.mp4', '-f', 'null', '-'],
                   check=True)


def test_what_ffmpeg_says_is_told(script, tmp_path, monkeypatch):
    (tmp_path / 'ffmpeg').write_text('#!/bin/sh\necho no such codec >&2\nexit 1\n')
    (tmp_path / 'ffmpeg').chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(RstdpError, match='film.mp4: ffmpeg failed: no such codec'):
        write_film(tmp_path / 'film.mp4', Film(script), script.fps)
    assert [path.name for path in tmp_path.iterdir()] == ['ffmpeg']
