"""
Ten thousand mutated messages on every topic, and as many requests to every node.

``python -m pytest -s test/soak_messages.py``: about ten minutes.
"""

import pytest
import test_messages
from test_messages import (  # noqa: F401 (pytest runs them from here)
    test_mutants_change_no_weights_of_a_run,
    test_mutants_do_not_end_a_replay,
    test_mutants_end_no_node_of_a_robot,
)


@pytest.fixture(autouse=True)
def many(monkeypatch):
    """Send that many."""
    monkeypatch.setattr(test_messages, 'COUNT', 10_000)
