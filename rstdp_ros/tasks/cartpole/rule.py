"""The cart-pole's parameters in Akl et al. (2022): Table 1 and eq 8."""

from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.rules import TaskRule


def modulation(total: float) -> float:
    """Return the third factor of an episode's return (eq 8), which the code computes too."""
    return 1.0 - total / 200.0


RULE = TaskRule(
    RSTDPParameters(tau_plus=5.0, tau_minus=5.0, tau_c=10.0, eligibility_gain=0.01),
    modulation, deviations={'flip_sign': True})
