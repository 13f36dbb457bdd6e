"""
Disjoint ranges of seeds, so that no start is ever used for two purposes.

Each range holds 1e8 seeds. Held-out starts are for reporting only: never for training, choosing or
tuning anything.
"""

TRAINING = 0
VALIDATION = 100_000_000
ADAPTATION = 200_000_000
SELECTION = 300_000_000
HELD_OUT = 400_000_000
END = 500_000_000


def block(start: int, count: int) -> range:
    """Return ``count`` consecutive seeds from ``start``: episode i starts from start + i."""
    return range(start, start + count)


def name_of(seed: int) -> str:
    """Return the range that a seed lies in, in words; 'no range' beyond the last."""
    names = {HELD_OUT: 'held-out', SELECTION: 'selection', ADAPTATION: 'adaptation',
             VALIDATION: 'validation', TRAINING: 'training'}
    return next((name for start, name in names.items() if start <= seed < END), 'no range')
