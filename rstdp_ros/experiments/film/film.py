"""A film as a sequence of pictures, each drawn when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import textwrap
from typing import Any

import numpy as np

from rstdp_ros.experiments.film.panels import Picture, Scale
from rstdp_ros.experiments.film.timing import fitting_speed, shown_steps
from rstdp_ros.experiments.playing import make_plant, play
from rstdp_ros.parameters import table
from rstdp_ros.seeds import name_of
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import Task

CAPTION_WIDTH = 110


@dataclass(frozen=True)
class Script:
    """
    What to show and how.

    :param seeds: the start of each pair of episodes, one pair after another.
    :param speed: times real time; None for a pleasant one.
    :param width: pixels.
    """

    task: Task
    physics: Any
    before: SpikingQNetwork
    after: SpikingQNetwork
    seeds: Sequence[int]
    speed: float | None = None
    fps: int = 25
    width: int = 800
    max_seconds: float = 20.0


class Film(Sequence):
    """
    The pictures of a script; its episodes are played at once.

    :raises RstdpError: matplotlib is missing.
    """

    def __init__(self, script: Script) -> None:
        task = script.task
        plant = make_plant(task, script.physics)
        networks = script.before, script.after
        self.pairs = [tuple(play(task, plant, network, seed) for network in networks)
                      for seed in script.seeds]
        steps = [max(recording.steps for recording in pair) for pair in self.pairs]
        self.speed = script.speed or fitting_speed(steps, task.control_period,
                                                   script.max_seconds)
        moments = [(start, step) for start, count in enumerate(steps)
                   for step in shown_steps(count, task.control_period / self.speed, script.fps)]
        self.moments = moments[:max(1, round(script.max_seconds * script.fps))]
        self.missing_seconds = (len(moments) - len(self.moments)) / script.fps
        self.captions = [caption(script, seed, self.speed) for seed in script.seeds]
        self.picture = Picture(
            task, script.physics, tuple(network.digest for network in networks),
            script.before.sizes[1:3], Scale.of([r for pair in self.pairs for r in pair]),
            script.width)

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self.moments)

    def __getitem__(self, index: int) -> np.ndarray:
        """Draw one picture, (height, width, 3) uint8."""
        start, step = self.moments[index]
        return self.picture.draw(self.pairs[start], step, self.captions[start])


def caption(script: Script, seed: int, speed: float) -> str:
    """Say what plant it is, where the episode starts and how fast time goes."""
    plant = f'{script.task.name} with {changes(script.physics)}'
    start = f'start: seed {seed} ({name_of(seed)}); {speed:g} x real time'
    return '\n'.join([*textwrap.wrap(plant, CAPTION_WIDTH), start])


def changes(physics: Any) -> str:
    """List the parameters that differ from those of training."""
    def value(number: Any) -> str:
        return f'{number:.4g}' if isinstance(number, float) else str(number)

    changed = [f'{p.name} {value(getattr(physics, name))}{" " + p.unit if p.unit else ""} '
               f'(default {value(p.default)})'
               for name, p in table(type(physics)).items() if getattr(physics, name) != p.default]
    return ', '.join(changed) or 'its default physics'
