"""
From a plant's true state to its sensors' values: a factor and an offset per value.

A robot's policy gets the sensors' values; the true state determines the motion and the end of an
episode. Sensors are (factor of each value of the state..., offset of each...).
"""

from __future__ import annotations

from typing import Any

from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import NEXT_STEP, parameter


def factor(what: str) -> Any:
    """Declare the factor by which a sensor shows a value too large."""
    return parameter(1.0, f'The shown {what} is the true value times this.',
                     minimum=0.05, maximum=20.0, effect=NEXT_STEP)


def offset(what: str, unit: str) -> Any:
    """Declare the offset that a sensor adds to a value."""
    return parameter(0.0, f'Offset added to the shown {what}.', unit=unit,
                     minimum=-100.0, maximum=100.0, effect=NEXT_STEP)


@compiled()
def sensed(state, sensors, shown):
    """
    Write what sensors show: factor * true + offset.

    :param state: (n,) true values.
    :param sensors: (2n,) factors, then offsets, in the order of the state.
    :param shown: (n,), overwritten.
    """
    n = len(shown)
    for i in range(n):
        # To add an offset of 0.0 would make 0.0 of -0.0.
        shown[i] = sensors[i] * state[i] - (0.0 - sensors[n + i])
