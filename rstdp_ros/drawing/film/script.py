"""The content of a film, and the words under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import textwrap
from typing import Any

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.parameters import table
from rstdp_ros.support.seeds import name_of
from rstdp_ros.tasks import Task, TASKS

CAPTION_WIDTH = 104


@dataclass(frozen=True)
class Script:
    """
    The content of a film and its form.

    :param seeds: the start of each pair of episodes, one pair after another.
    :param speed: times real time; None for a suitable one.
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


def caption(script: Script, seed: int, speed: float) -> str:
    """Return the plant, the episode's start and the speed as text."""
    task = script.task
    where = '' if task.env_id == TASKS[task.name].env_id else f' in {task.env_id}'
    plant = f'{task.name}{where} with {changes(script.physics)}'
    start = f'start: seed {seed} ({name_of(seed)}); {speed:g} x real time'
    return '\n'.join([*textwrap.wrap(plant, CAPTION_WIDTH), start])


def changes(physics: Any) -> str:
    """List the parameters that differ from their defaults, on which networks were trained."""
    def value(number: Any) -> str:
        return f'{number:.4g}' if isinstance(number, float) else str(number)

    changed = [f'{p.name} {value(getattr(physics, name))}{" " + p.unit if p.unit else ""} '
               f'(default {value(p.default)})'
               for name, p in table(type(physics)).items() if getattr(physics, name) != p.default]
    return ', '.join(changed) or 'its default physics'
