"""The live page of a real graph."""

import importlib.util
import json
from pathlib import Path
import shutil
import stat
import subprocess
import sys

from graphs import demo_graph, digests_in, offline, probe, records_in, wait_for
from places import HELPERS
import pytest

from rstdp_ros.bringup import describe_graph
from rstdp_ros.plasticity.run import ADAPTED
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.view import ADDRESS

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')
pytest.importorskip('bokeh')
CHROMIUM = shutil.which('chromium')
# No Chromium has the machine's sound, network or graphics card to itself.
FLAGS = ('--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update')
WINDOW = {'width': 1280, 'height': 800}


@pytest.fixture
def visitor(domain, tmp_path):
    """Return what asks a visitor of a page, see test/support/visitor.py."""
    process = subprocess.Popen(
        [sys.executable, str(Path(HELPERS) / 'visitor.py'), '--ros-args', '-p',
         f'run_dir:={tmp_path}', '-p', 'model:=cartpole_0'],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(*request):
        process.stdin.write(json.dumps(request) + '\n')
        process.stdin.flush()
        return json.loads(process.stdout.readline())
    yield ask
    process.terminate()
    process.communicate(timeout=20)


def is_now(node, name, value):
    """Return what says whether a parameter has a value."""
    return lambda: probe('value_of', node, name) == value


@pytest.fixture
def graph(domain, tmp_path):
    """Return a running demo in real time whose plant is not the nominal one."""
    with demo_graph(tmp_path, 10_000, real_time_factor=1.0, seed=7) as supervisor:
        yield supervisor


@pytest.mark.long
def test_every_control_does_what_it_says(visitor, graph, tmp_path):
    wait_for(lambda: "('environment', 'pole_mass'): 0.3" in visitor('scene', 'values'), graph)
    # The plant.
    assert visitor('get', 'pole_mass', 'value') == pytest.approx(0.3)
    visitor('set', 'pole_mass', 'value', 0.5)
    assert visitor('wait', 'answer', 'pole_mass = 0.5: done')
    wait_for(is_now('environment', 'pole_mass', 0.5))
    # What others set shows too.
    assert probe('set_parameters', [['environment', 'pole_half_length', 0.9]]) == ['']
    wait_for(lambda: visitor('get', 'pole_half_length', 'value') == pytest.approx(0.9))
    visitor('set', 'pace', 'active', 0)
    wait_for(is_now('environment', 'real_time_factor', 0.0))
    # Learning.
    visitor('set', 'learning', 'active', False)
    wait_for(is_now('adaptation', 'plasticity', False))
    visitor('set', 'learning', 'active', True)
    wait_for(is_now('adaptation', 'plasticity', True))
    visitor('click', 'save')
    wait_for((tmp_path / ADAPTED).exists, graph)
    visitor('click', 'rollback')
    assert 'roll' in visitor('wait', 'answer', 'rollback: ')
    wait_for(lambda: len(records_in(tmp_path)) > 2, graph)
    visitor('open')
    assert visitor('click', 'restart') == 'really restart?'
    assert 'restart' not in visitor('scene', 'answer')  # one press asks only
    visitor('open')
    assert visitor('click_twice', 'restart') == 'really restart?'
    assert 'refused' not in visitor('wait', 'answer', 'restart: ')
    # Stop and go.
    visitor('click', 'stop')
    visitor('wait', 'answer', 'STOP: ')
    wait_for(lambda: not probe('trigger', 'environment/reset')[0])
    visitor('click', 'enable')
    count = len(records_in(tmp_path))
    wait_for(lambda: len(records_in(tmp_path)) > count, graph)
    # Past episodes: the latest ones, as many as there were time for.
    live, *past = visitor('get', 'episodes', 'options')
    numbers = [int(option.split(':')[0]) for option in past]
    assert live == 'live' and past
    assert numbers == list(range(numbers[0], numbers[0] - len(past), -1))


def test_a_graph_in_one_process_is_shown_and_obeys(visitor, domain, tmp_path):
    with demo_graph(tmp_path, 10_000, composed=True, real_time_factor=1.0, seed=7) as graph:
        wait_for(lambda: "('environment', 'pole_mass'): 0.3" in visitor('scene', 'values'), graph)
        visitor('set', 'pole_mass', 'value', 0.5)
        wait_for(is_now('environment', 'pole_mass', 0.5), graph)
        wait_for(lambda: len(visitor('get', 'episodes', 'options')) > 1, graph)
        visitor('click', 'stop')
        visitor('wait', 'answer', 'STOP: ')
        wait_for(lambda: not probe('trigger', 'environment/reset')[0], graph)


def test_a_page_says_what_is_missing(visitor):
    visitor('click', 'stop')
    assert 'no answer from environment/enable' in visitor('wait', 'answer', 'no answer')
    assert 'waiting for the graph' in visitor('get', 'health', 'text')


def test_the_address_is_for_its_owner_only(visitor, tmp_path):
    visitor('scene', 'answer')
    file = tmp_path / ADDRESS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith('http://127.0.0.1:')


@pytest.mark.long
def test_watching_and_its_end_change_no_weights(domain, tmp_path, cartpole, shipped, demo_physics):
    log = tmp_path / 'view.log'

    def ready():
        return log.read_text().count(': ready') if log.exists() else 0
    with demo_graph(tmp_path, 12, view=True) as supervisor:
        wait_for(lambda: ready() == 1, supervisor)
        address = (tmp_path / ADDRESS).read_text()
        wait_for(lambda: len(digests_in(tmp_path)) >= 4, supervisor)
        supervisor.children['view'].process.kill()
        wait_for((tmp_path / ADAPTED).exists, supervisor)
        wait_for(lambda: ready() == 2, supervisor)
        assert (tmp_path / ADDRESS).read_text() == address
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 12)


def test_without_bokeh_nothing_starts(monkeypatch):
    monkeypatch.setattr('rstdp_ros.bringup.graph.find_spec', lambda name: None)
    with pytest.raises(RstdpError, match=r'pip install "rstdp_ros\[view\]"'):
        describe_graph('cartpole', {'view': True})


@pytest.fixture
def browser():
    """Return a headless Chromium."""
    sync_api = pytest.importorskip('playwright.sync_api')
    if not CHROMIUM:
        pytest.skip('Chromium is not installed')
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))


@pytest.mark.long
def test_in_a_browser_everything_fits_and_clicks_arrive(domain, tmp_path, browser):
    with demo_graph(tmp_path, 10_000, real_time_factor=1.0, seed=7, view=True) as supervisor:
        wait_for(lambda: (tmp_path / ADDRESS).exists(), supervisor)
        page = browser.new_page(viewport=WINDOW)
        page.goto((tmp_path / ADDRESS).read_text())
        page.get_by_text('pole_mass (kg)').wait_for()
        assert page.evaluate('[document.documentElement.scrollHeight, '
                             'document.documentElement.scrollWidth]') == [800, 1280]
        # Opening the page changes nothing, though sliders know only steps.
        page.wait_for_timeout(1000)
        assert probe('value_of', 'environment', 'pole_mass') == 0.3
        # A slider, by the keyboard.
        handle = page.get_by_role('slider').nth(1)
        handle.focus()
        page.keyboard.press('Home')
        wait_for(is_now('environment', 'pole_mass', 0.01), supervisor)
        for learning in (False, True):
            page.get_by_role('button', name='learning', exact=True).click()
            wait_for(is_now('adaptation', 'plasticity', learning), supervisor)
        page.get_by_role('button', name='fast').click()
        wait_for(is_now('environment', 'real_time_factor', 0.0))
        page.get_by_role('button', name='save').click()
        wait_for((tmp_path / ADAPTED).exists, supervisor)
        page.get_by_role('button', name='roll back').click()
        page.get_by_role('status').get_by_text('rollback: ').wait_for()
        page.get_by_role('button', name='restart').click()
        page.get_by_role('button', name='really restart?').wait_for()
        # Pressed again, in time or, on a busy machine, once more.
        wait_for(lambda: page.get_by_role('button', name='restart').click()
                 or page.get_by_role('status').get_by_text('restart: ').count(), period=0.5)
        wait_for(lambda: len(records_in(tmp_path)) > 2, supervisor)
        page.get_by_role('combobox').select_option(index=1)
        page.get_by_role('status').wait_for()
        page.keyboard.press('Escape')
        wait_for(lambda: not probe('trigger', 'environment/reset')[0], supervisor)
        page.get_by_role('button', name='enable').click()
        count = len(records_in(tmp_path))
        wait_for(lambda: len(records_in(tmp_path)) > count, supervisor)
        page.get_by_role('button', name='STOP').click()
        wait_for(lambda: not probe('trigger', 'environment/reset')[0], supervisor)
