"""The acrobot's parameters of local rules; Table 1 and eq 9 of Akl et al. (2022)."""

from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.rules import TaskRule


def modulation(total: float) -> float:
    """
    Return the third factor of an episode's return (eq 9).

    The paper prints (R - 50) / -500, which never gets small although the text says it does; with
    the number of steps, -R, in place of R it is (steps - 50) / 500 and fits the text.
    """
    return (-total - 50.0) / 500.0


def authors_modulation(total: float) -> float:
    """Return the value that the authors' code computes instead."""
    return -total / 500.0


# Its returns scatter more by their starts than gains change them, so learning must be slow; after
# rstdp_ros tune acrobot --strategy perturbation --vary jitter=0.03:0.5 --vary speed=0.003:0.1
# --vary averaging=0.03:0.3 --vary surprise=0.5:3 --at 50 100 250 --plants 16
# Ten episodes of it are no use in front of a search, so it does not lead one.
PERTURBATION = {'jitter': 0.09, 'speed': 0.007, 'averaging': 0.055}

RULE = TaskRule(
    RSTDPParameters(tau_plus=30.0, tau_minus=30.0, tau_c=10.0, eligibility_gain=0.05),
    modulation, authors_modulation, perturbation=PERTURBATION,
    lead=0)
