"""The parameters of r-STDP and their presets."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rstdp_ros.errors import RstdpError
from rstdp_ros.parameters import parameter

NEXT_EPISODE = 'next episode'


@dataclass(frozen=True)
class RSTDPParameters:
    """Akl et al. (2022), eq 4-9, with every point on which text and code differ as an option."""

    tau_plus: float = parameter(
        5.0, 'Time constant of the presynaptic trace k+ (eq 4).', unit='ticks',
        minimum=0.01, maximum=1e6, effect=NEXT_EPISODE)
    tau_minus: float = parameter(
        5.0, 'Time constant of the postsynaptic trace k- (eq 5).', unit='ticks',
        minimum=0.01, maximum=1e6, effect=NEXT_EPISODE)
    tau_c: float = parameter(
        10.0, 'Time constant of the eligibility trace c (eq 6).', unit='ticks',
        minimum=1.0, maximum=1e6, effect=NEXT_EPISODE)
    eligibility_gain: float = parameter(
        0.01, 'C of eq 6: how fast eligibility, and so the weights, change.',
        minimum=0.0, maximum=100.0, effect=NEXT_EPISODE)
    reset_traces: bool = parameter(
        True, 'Whether k+ and k- start at zero for every observation.', effect=NEXT_EPISODE)
    amplitudes: str = parameter(
        'positive', "positive: A+ and A- are the means of the positive and of the negative "
        "weights (the paper's text); all: both sums are divided by the number of all weights, "
        "about half of that (the authors' code). Taken from the first network of a run.",
        choices=('positive', 'all'), effect='start of a run')
    modulation: str = parameter(
        'paper', 'How a return becomes the third factor: paper is eq 8 and 9; authors is what '
        'their code computes.', choices=('paper', 'authors'), effect=NEXT_EPISODE)
    flip_sign: bool = parameter(
        False, "Subtract the update instead of adding it, as the authors' code does for the "
        'cart-pole.', effect=NEXT_EPISODE)


# Table 1 of the paper.
TABLE_1 = {
    'cartpole': RSTDPParameters(tau_plus=5.0, tau_minus=5.0, tau_c=10.0, eligibility_gain=0.01),
    'acrobot': RSTDPParameters(tau_plus=30.0, tau_minus=30.0, tau_c=10.0, eligibility_gain=0.05),
}
PRESETS = ('default', 'paper', 'authors')


def preset(name: str, task: str) -> RSTDPParameters:
    """
    Return a named set of parameters.

    ``paper`` is the text with Table 1; ``authors`` is what their code does; ``default`` is the
    text with slower learning, which is what held up best when every episode counts.

    :param task: name of the task; Table 1 differs between tasks.
    :raises RstdpError: unknown preset or task.
    """
    if task not in TABLE_1:
        raise RstdpError(f'no r-STDP presets for task {task!r}; known are {", ".join(TABLE_1)}')
    paper = TABLE_1[task]
    if name == 'paper':
        return paper
    if name == 'authors':
        return replace(paper, amplitudes='all', modulation='authors',
                       flip_sign=task == 'cartpole')
    if name == 'default':
        return replace(paper, eligibility_gain=0.2 * paper.eligibility_gain)
    raise RstdpError(f'unknown preset {name!r}; known are {", ".join(PRESETS)}')
