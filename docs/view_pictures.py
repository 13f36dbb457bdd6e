"""
Take the pictures of the live page: of a demo, of a stand-in robot, of a bag.

Usage: python view_pictures.py FOLDER. It needs playwright and Chromium.
"""

from contextlib import contextmanager
from pathlib import Path
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory
import time

from playwright.sync_api import sync_playwright

from rstdp_ros.bringup import describe_graph
from rstdp_ros.bringup.runner import Supervisor
from rstdp_ros.cli.demo import discovery
from rstdp_ros.view import ADDRESS

# So much has been shown by then, s.
WAIT = 40.0
DEMO = [sys.executable, '-m', 'rstdp_ros', 'demo', 'cartpole']


@contextmanager
def demo(folder, *options):
    """Run a demo with a page."""
    process = subprocess.Popen([*DEMO, '--view', '--episodes', '10000', '--run-dir', folder,
                                *options], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def bag(folder):
    """Record a bag, and play it to policy and adaptation."""
    subprocess.run([*DEMO, '--strategy', 'rstdp', '--episodes', '30', '--record',
                    f'{folder}/bag', '--run-dir', f'{folder}/run'], check=True)
    nodes = describe_graph('cartpole', {
        'plant': 'bag', 'bag': f'{folder}/bag', 'loop': True, 'rate': 0.2, 'strategy': 'rstdp',
        'run_dir': f'{folder}/again', 'view': True})
    with Supervisor(nodes, Path(folder, 'again'), environment=discovery()):
        yield


def take(target, look, file):
    """Wait for a page's address, open it, and take a picture of it."""
    while not file.exists():
        time.sleep(0.1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which('chromium'),
                                             args=['--no-sandbox', '--disable-gpu'])
        page = browser.new_page(viewport={'width': 1280, 'height': 800}, color_scheme=look)
        page.goto(file.read_text())
        page.wait_for_timeout(WAIT * 1000)
        page.screenshot(path=target)
        browser.close()


def main(docs):
    """Take all pictures."""
    with TemporaryDirectory() as folder, demo(folder, '--strategy', 'rstdp',
                                              '--real-time-factor', '1'):
        take(docs / 'view.png', 'light', Path(folder, ADDRESS))
    with TemporaryDirectory() as folder, demo(folder, '--robot'):
        take(docs / 'view_robot.png', 'dark', Path(folder, ADDRESS))
    with TemporaryDirectory() as folder, bag(folder):
        take(docs / 'view_bag.png', 'light', Path(folder, 'again', ADDRESS))


if __name__ == '__main__':
    main(Path(sys.argv[1]))
