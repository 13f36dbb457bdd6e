"""The acrobot's parameters in Akl et al. (2022): Table 1 and eq 9."""

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


RULE = TaskRule(
    RSTDPParameters(tau_plus=30.0, tau_minus=30.0, tau_c=10.0, eligibility_gain=0.05),
    modulation, authors_modulation)
