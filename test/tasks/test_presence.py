"""Who must be there before a robot moves, and who must not."""

import re

import pytest

from rstdp_ros.tasks.checklist import FAIL, OK, WARN
from rstdp_ros.tasks.presence import Presence, WATCHDOG_SILENCE

ALL_THERE = Presence(['joint_state_broadcaster'], ['effort_controller', 'watchdog', 'watchdog'],
                     ['environment', 'watchdog'], 0.1)


def judged(drivers_allowed=1, watchdog_needed=True, **changes):
    return ALL_THERE._replace(**changes).items(drivers_allowed, watchdog_needed)


@pytest.mark.parametrize('fine', [
    {}, {'commanders': ['environment', 'watchdog', 'watchdog']},
    {'drivers': ['a', 'b'], 'drivers_allowed': 2}, {'drivers': []}])
def test_all_who_must_be_there_are(fine):
    assert {item.status for item in judged(**fine)} == {OK}


@pytest.mark.parametrize('changes, status, words', [
    ({'drivers': ['rig', 'simulator']}, FAIL, 'rig and simulator publish joint states'),
    ({'drivers': ['rig', 'rig']}, FAIL, 'rig and rig publish joint states'),
    ({'drivers': ['a', 'b', 'c'], 'drivers_allowed': 2}, FAIL, 'all but 2'),
    ({'listeners': []}, FAIL, 'nobody listens'),
    ({'listeners': ['watchdog', 'watchdog']}, FAIL, 'nobody listens'),
    ({'listeners': ['watchdog', '_ros2cli_4711', 'rosbag2_recorder']}, FAIL, 'nobody listens'),
    ({'commanders': ['environment', 'teleop', 'watchdog']}, FAIL, 'teleop may command'),
    ({'commanders': ['environment', 'environment']}, FAIL, 'environment may command'),
    ({'watchdog_silent': WATCHDOG_SILENCE + 0.1}, FAIL, 'no watchdog.*require_watchdog'),
    ({'watchdog_silent': float('inf'), 'watchdog_needed': False}, WARN, 'no watchdog')])
def test_who_is_missing_or_one_too_many_is_named(changes, status, words):
    items = [item for item in judged(**changes) if item.status != OK]
    assert [item.status for item in items] == [status]
    assert re.search(words, items[0].text)
