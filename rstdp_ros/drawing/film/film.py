"""A film as a sequence of pictures, each drawn on request."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rstdp_ros.drawing.film.panels import Picture, Scale
from rstdp_ros.drawing.film.script import caption, Script
from rstdp_ros.drawing.film.timing import fitting_speed, shown_steps
from rstdp_ros.tasks.rollout import roll_out


class Film(Sequence):
    """
    The pictures of a script; its episodes are played at construction.

    :raises RstdpError: matplotlib is missing.
    """

    def __init__(self, script: Script) -> None:
        task = script.task
        plant = task.make_plant()
        plant.set_physics(script.physics)
        networks = script.before, script.after
        self.pairs = [tuple(roll_out(task, plant, network, seed) for network in networks)
                      for seed in script.seeds]
        steps = [max(recording.steps for recording in pair) for pair in self.pairs]
        self.speed = script.speed or fitting_speed(steps, task.robot.control_period,
                                                   script.max_seconds)
        period = task.robot.control_period / self.speed
        moments = [(start, step) for start, count in enumerate(steps)
                   for step in shown_steps(count, period, script.fps)]
        self.moments = moments[:max(1, round(script.max_seconds * script.fps))]
        self.missing_seconds = (len(moments) - len(self.moments)) / script.fps
        self.captions = [caption(script, seed, self.speed) for seed in script.seeds]
        self.picture = Picture(
            task, script.physics, tuple(network.digest for network in networks),
            script.before.sizes[1:3], Scale.of([r for pair in self.pairs for r in pair]),
            script.width)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.moments)

    def __getitem__(self, index: int) -> np.ndarray:  # type: ignore[override]  # no slices
        """Draw one picture, (height, width, 3) uint8."""
        start, step = self.moments[index]
        return self.picture.draw(self.pairs[start], step, self.captions[start])
