"""
Take the pictures of the live page: of a demo (light) and of a stand-in robot (dark).

Usage: python view_pictures.py FOLDER. It needs playwright and Chromium.
"""

from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import sync_playwright

PICTURES = {
    'view.png': ('light', ['--strategy', 'rstdp', '--real-time-factor', '1']),
    'view_robot.png': ('dark', ['--robot'])}
# So much has been learned by then, s.
WAIT = 45.0


def address(folder, process):
    """Wait for the page's address."""
    file = folder / 'view.url'
    while not file.exists():
        if process.poll() is not None:
            raise SystemExit(f'the demo ended; see {folder}')
        time.sleep(0.1)
    return file.read_text()


def take(target, look, options):
    """Run a demo, open its page, and take a picture of it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        process = subprocess.Popen([
            sys.executable, '-m', 'rstdp_ros', 'demo', 'cartpole', '--view', '--episodes',
            '10000', '--run-dir', folder, *options], stdout=subprocess.DEVNULL)
        try:
            browser = playwright.chromium.launch(
                executable_path=shutil.which('chromium'), args=['--no-sandbox', '--disable-gpu'])
            page = browser.new_page(viewport={'width': 1280, 'height': 800}, color_scheme=look)
            page.goto(address(Path(folder), process))
            page.wait_for_timeout(WAIT * 1000)
            page.screenshot(path=target)
            browser.close()
        finally:
            process.terminate()
            process.wait()


if __name__ == '__main__':
    for name, (look, options) in PICTURES.items():
        take(Path(sys.argv[1]) / name, look, options)
