"""How an episode ends."""

from __future__ import annotations

# By its state; by the limit of time; broken off, which teaches nothing.
TERMINATED, TRUNCATED, ABORTED = 'terminated', 'truncated', 'aborted'


def ending(terminated: bool, truncated: bool) -> str:
    """Return how an episode ended, '' if it goes on."""
    return TERMINATED if terminated else TRUNCATED if truncated else ''
