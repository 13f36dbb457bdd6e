"""How well a plant predicts what a robot showed next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import math

import numpy as np

from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.task import Task
from rstdp_ros.twin.identified import Identified
from rstdp_ros.twin.misfit import Misfit
from rstdp_ros.twin.segments import Segments, segments

# A piece's first rows determine its start, the others are predicted.
KNOWN = 6


@dataclass(frozen=True)
class Prediction:
    """
    Pieces of episodes, each simulated from a start fitted to its first rows.

    :param seen: the robot's data.
    :param shown: (n, m, state), what the plant's sensors would show.
    :param names: names of the state's values; ``units``: their units.
    :param turning: (state,) bool, values known only up to whole turns.
    """

    seen: Segments
    shown: np.ndarray
    names: list[str]
    units: list[str]
    turning: np.ndarray

    @property
    def ahead(self) -> np.ndarray:
        """Which rows were actually predicted, (n, m) bool."""
        return self.seen.present & (np.arange(self.seen.present.shape[1]) >= KNOWN)

    @property
    def measured(self) -> np.ndarray:
        """The robot's measurements, (n, m, state), angles without jumps of whole turns."""
        return np.where(self.turning, np.unwrap(self.seen.shown, axis=1), self.seen.shown)

    @property
    def errors(self) -> np.ndarray:
        """Predicted minus measured, (n, m, state), for angles the short way round."""
        errors = self.shown - self.seen.shown
        return np.where(self.turning, np.remainder(errors + math.pi, math.tau) - math.pi, errors)

    @property
    def rms(self) -> np.ndarray:
        """Root mean square of the prediction errors, (state,); NaN if nothing was predicted."""
        count = self.ahead.sum() or math.nan
        return np.sqrt(np.sum(self.errors[self.ahead]**2, axis=0) / count)

    @property
    def motion(self) -> np.ndarray:
        """Standard deviations of the predicted rows' motion, (state,); NaN if there are none."""
        from scipy.stats import circstd
        values = self.seen.shown[self.ahead]
        if not len(values):
            return np.full(len(self.names), math.nan)
        return np.where(self.turning, circstd(values, axis=0), values.std(axis=0))


def predict(identified: Identified, trajectories: Sequence[Trajectory],
            nominal: bool = False) -> Prediction:
    """
    Predict every piece of some episodes from its first rows.

    :param nominal: use the nominal plant instead of the identified one.
    """
    prior = identified.prior
    task, seen = prior.task, segments(prior.task, trajectories)
    first = np.arange(seen.present.shape[1]) < KNOWN
    known = replace(seen, present=seen.present & first)
    u = np.zeros(len(prior.names)) if nominal else identified.mean
    fit = Misfit(prior, known, np.arange(len(u)), identified.noise)
    physics, starts = prior.physics(u), fit.explained(u).starts
    after = task.drive(starts, seen.pasts, seen.commands, physics)
    states = np.concatenate([starts[:, np.newaxis], after], axis=1)
    factors, offsets = np.array(physics.sensors()).reshape(2, -1)
    return Prediction(seen, states * factors + offsets, *described(task))


def described(task: Task) -> tuple[list[str], list[str], np.ndarray]:
    """Return names and units of the state's values, and which are angles, in its order."""
    robot = task.robot
    values = [(f'{kind} of {joint}', f'{"rad" if joint in robot.angles else "m"}{per}',
               joint in robot.angles and not per)
              for kind, per in (('position', ''), ('velocity', '/s')) for joint in robot.joints]
    names, units, turning = zip(*(values[i] for i in robot.layout))
    return list(names), list(units), np.array(turning)
