"""What a page shows follows from what was heard."""

import math

import numpy as np
import pytest

from rstdp_ros.support.parameters import table
from rstdp_ros.tasks import TASKS
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.view.look import LOOKS
from rstdp_ros.view.panels import PIXELS, pooled
from rstdp_ros.view.scene import adjustables, KEPT, Scene, Status

POSE = Joints((0.0, 0.0), (0.0, 0.0))


@pytest.fixture
def scene(cartpole, shipped):
    """Return the scene of a run that has just begun."""
    return Scene(cartpole, shipped)


def test_episodes_are_counted_and_the_oldest_forgotten(scene):
    for i in range(KEPT + 3):
        scene.ended(float(i), i, 'terminated', lambda: [POSE])
    assert [p.number for p in scene.played] == list(range(3, KEPT + 3))
    assert scene.played[-1].result == KEPT + 2


def test_an_event_belongs_to_the_latest_episode_once(scene):
    scene.ended(33.0, 33, 'terminated', list)
    said = Status(0, 'ok', {'last event': 'episode 0: better in the twin'})
    scene.reported('adaptation', said)
    scene.ended(200.0, 200, 'truncated', list)
    scene.reported('adaptation', said)
    assert [p.event for p in scene.played] == ['better in the twin', '']
    # What happens to other nodes is no event of an episode.
    for _ in range(2):
        scene.reported('environment', Status(0, 'ok', {'last event': 'enabled'}))
        scene.reported('adaptation', said)
    assert [p.event for p in scene.played] == ['better in the twin', '']


def test_an_aborted_episode_has_no_return(scene):
    scene.ended(math.nan, 3, 'aborted: reset', list)
    assert math.isnan(scene.played[0].result) and scene.played[0].end == 'aborted: reset'


def test_gains_are_those_of_the_first_layer(scene, shipped):
    gains = np.log([2.0, 0.5, 1.0, 3.0])
    w1 = shipped.weights[0] * np.repeat(np.exp(gains), 2)[:, np.newaxis].astype(np.float32)
    scene.learned(shipped.replace(weights=(w1, *shipped.weights[1:])))
    assert scene.log_gains() == pytest.approx(gains, abs=1e-6)


def test_the_same_weights_again_are_nothing_new(scene, shipped):
    scene.learned(shipped.replace())
    assert scene.network is scene.first


def test_findings_show_the_truth_of_a_simulated_plant_only(scene):
    scene.reported('adaptation', Status(0, '', {'identified pole_mass': '0.3 (0.2 to 0.4)',
                                                'episodes learned': '1'}))
    assert scene.findings() == [('pole_mass', '0.3 (0.2 to 0.4)', '')]
    scene.set('environment', {'plant': 'gym', 'pole_mass': 0.31})
    assert scene.findings() == [('pole_mass', '0.3 (0.2 to 0.4)', '0.31')]
    scene.set('environment', {'plant': 'robot'})
    assert scene.findings() == [('pole_mass', '0.3 (0.2 to 0.4)', '')]


@pytest.mark.parametrize('name', TASKS)
def test_every_slider_keeps_to_its_parameters_range(name):
    task = TASKS[name]
    known = table(task.physics)
    offered = adjustables(task)
    assert {of.name for of in offered} >= set(task.plant_span)
    for of in offered:
        assert of.low < of.high and of.low <= known[of.name].default <= of.high
        assert known[of.name].validate(of.low) == of.low
        assert known[of.name].validate(of.high) == of.high


def test_large_matrices_keep_their_largest_entries():
    matrix = np.zeros((256, 200))
    matrix[255, 199], matrix[0, 1], matrix[1, 1] = -3.0, 1.0, -2.0
    small = pooled(matrix)
    assert small.shape == (PIXELS, 50) and small[-1, -1] == -3.0 and small[0, 0] == -2.0
    assert np.count_nonzero(small) == 2
    assert (pooled(matrix[:64, :64]) == matrix[:64, :64]).all()


def contrast(first, second):
    """Return the contrast of two colours as WCAG 2 defines it."""
    def luminance(color):
        parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    brighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize('look', LOOKS.values(), ids=LOOKS)
def test_everything_can_be_read(look):
    for text in (look.ink, look.faint):
        assert contrast(text, look.panel) >= 4.5 and contrast(text, look.page) >= 4.5
    for drawn in (look.data, look.better, look.marked):
        assert contrast(drawn, look.panel) >= 3


@pytest.mark.parametrize('name', TASKS)
def test_a_slider_has_enough_round_steps(name):
    for of in adjustables(TASKS[name]):
        assert 100 <= (of.high - of.low) / of.step < 251
        assert f'{of.step:.0e}'[0] in '125'
