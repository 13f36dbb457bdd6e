"""The parameters of r-STDP."""

from __future__ import annotations

from dataclasses import dataclass

from rstdp_ros.support.parameters import NEXT_EPISODE, parameter, START_OF_RUN


@dataclass(frozen=True)
class RSTDPParameters:
    """Akl et al. (2022), eq 4-9, with an option for every point on which text and code differ."""

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
        choices=('positive', 'all'), effect=START_OF_RUN)
    modulation: str = parameter(
        'paper', 'How a return becomes the third factor: paper is eq 8 and 9; authors is what '
        'their code computes.', choices=('paper', 'authors'), effect=NEXT_EPISODE)
    flip_sign: bool = parameter(
        False, "Subtract the update instead of adding it, as the authors' code does for the "
        'cart-pole.', effect=NEXT_EPISODE)
