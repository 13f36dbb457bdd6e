"""What local rules need from a task: constants, and how an episode's return scales a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plugins import TASKS

PRESETS = ('default', 'paper', 'authors')


class TaskRule(NamedTuple):
    """
    A task's settings for local rules.

    :param parameters: r-STDP's, as in the paper's text.
    :param modulation: return of an episode -> third factor, r of eq 7.
    :param authors: the same as the authors' code computes it; ``modulation`` if None.
    :param deviations: parameter values that differ in their code.
    :param perturbation: of the strategy of that name, what differs from its defaults; ``lead``: of
        the strategy ``blended``, None for its default.
    """

    parameters: RSTDPParameters
    modulation: Callable[[float], float]
    authors: Callable[[float], float] | None = None
    deviations: Mapping[str, Any] = {}
    perturbation: Mapping[str, Any] = {}
    lead: int | None = None


def rule_of(task: str) -> TaskRule:
    """
    Return a task's settings for local rules; by default they follow from its range of returns.

    :raises RstdpError: no such task.
    """
    known = TASKS[task]
    if known.rule:
        return known.rule
    least, most = known.possible_returns()
    # As eq 8: 1 if nothing was achieved, 0 if nothing is left to learn.
    return TaskRule(RSTDPParameters(), lambda total: (most - total) / (most - least))


def preset(name: str, task: str) -> RSTDPParameters:
    """
    Return a named set of parameters.

    ``paper`` is the text with Table 1; ``authors`` is what their code does; ``default`` is the
    text with slower learning, which held up best when every episode counts.

    :param task: name of the task; Table 1 differs between tasks.
    :raises RstdpError: unknown preset or task.
    """
    rule = rule_of(task)
    paper = rule.parameters
    if name == 'paper':
        return paper
    if name == 'authors':
        return replace(paper, amplitudes='all', modulation='authors', **rule.deviations)
    if name == 'default':
        return replace(paper, eligibility_gain=0.2 * paper.eligibility_gain)
    raise RstdpError(f'unknown preset {name!r}; known are {", ".join(PRESETS)}')


def modulation(task: str, name: str, episode_return: float) -> float:
    """
    Return r of eq 7 from the return of the episode (eq 8 and 9).

    :param name: 'paper' or 'authors'.
    :raises RstdpError: no such task.
    """
    rule = rule_of(task)
    formula = rule.authors if name == 'authors' and rule.authors else rule.modulation
    return formula(episode_return)
