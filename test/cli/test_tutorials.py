"""Every command of the tutorials works, in the order in which a reader types them."""

from importlib.util import find_spec
import os
import re
import subprocess
import sys

from places import ROOT
import pytest

TUTORIALS = ROOT / 'docs/tutorials.md'
pytestmark = pytest.mark.skipif(not TUTORIALS.exists(), reason='only in the source tree')
BLOCK = re.compile(r'(<!-- needs: .* -->\n)?^```\n(.*?)^```$', re.M | re.S)
# Chapters with commands, and what these need that may be missing.
CHAPTERS = {'First run': 'rclpy', 'Your own plant': 'setuptools', 'Your own robot': 'rclpy',
            'Your own strategy': 'rclpy', 'From a bag': 'rosbags', 'Reproduce the paper': 'pandas'}


def chapter(title):
    """Return the text of a chapter."""
    _, found, text = TUTORIALS.read_text().partition(f'## {title}\n')
    assert found
    return text.split('\n## ')[0]


def test_no_chapter_is_left_out():
    assert re.findall(r'^## (.*)$', TUTORIALS.read_text(), re.M) == list(CHAPTERS)


@pytest.mark.long
@pytest.mark.parametrize('title', CHAPTERS)
def test_its_commands_work(title, domain, tmp_path):
    if find_spec(CHAPTERS[title]) is None:
        pytest.skip(f'{CHAPTERS[title]} is not installed')
    commands = [text for needs, text in BLOCK.findall(chapter(title)) if not needs]
    assert commands
    packages = tmp_path / 'packages'
    done = subprocess.run(['bash', '-e', '-x', '-c', ''.join(commands)], cwd=tmp_path, env={
        **os.environ, 'RSTDP_ROS': str(ROOT), 'PIP_TARGET': str(packages),
        'AMENT_PREFIX_PATH': str(packages),
        # False is what turns isolation off; what is needed to build is here already.
        'PIP_NO_DEPS': '1', 'PIP_NO_BUILD_ISOLATION': 'false', 'PIP_NO_INPUT': '1',
        'PYTHONPATH': os.pathsep.join([str(packages), os.environ.get('PYTHONPATH', '')]),
        'PATH': os.pathsep.join([os.path.dirname(sys.executable), os.environ['PATH']])},
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
