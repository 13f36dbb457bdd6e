"""Kill the policy node on Lava in every way and at any time: nothing of Lava's outlives it."""

import os
import random
import signal
import subprocess
import sys
import time

from graphs import own_domain
from lava_hosts import hosts, LAVA
import pytest

KILLS = 20
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
# Starting takes a few seconds: some die before Lava is there, some after.
LATEST = 8.0
GONE_WITHIN = 10.0


@pytest.mark.skipif(not LAVA, reason='Lava is not installed')
def test_no_process_is_left(tmp_path):
    generator, slowest, running = random.Random(0), 0.0, 0
    for kill in range(KILLS):
        mark, number = f'soak{os.getpid()}_{kill}', SIGNALS[kill % len(SIGNALS)]
        with (tmp_path / mark).open('w') as log:
            node = subprocess.Popen(
                [sys.executable, '-m', 'rstdp_ros.nodes.policy', '--ros-args', '-p',
                 'backend:=lava'], stdout=log, stderr=log,
                env={**os.environ, **own_domain(), 'MARK': mark})
        time.sleep(generator.uniform(0.0, LATEST))
        running += bool(hosts(mark))
        node.send_signal(number)
        begin = time.monotonic()
        node.wait(GONE_WITHIN)
        while hosts(mark):
            assert time.monotonic() - begin < GONE_WITHIN, f'{number.name}: {hosts(mark)}'
            time.sleep(0.02)
        slowest = max(slowest, time.monotonic() - begin)
    print(f'{KILLS} kills, {running} of them with Lava at work; all gone after {slowest:.2f} s')
    assert running > KILLS // 3
