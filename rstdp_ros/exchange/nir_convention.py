"""
How a network is expressed in NIR, the Neuromorphic Intermediate Representation.

NIR's neurons are differential equations; a forward Euler step of dt gives the network's tick:

    u' = u + dt / tau_syn (w_in s - u)    with alpha = 1 - dt / tau_syn and w_in = tau_syn / dt
    v' = v + dt / tau_mem (r u' - v)      with beta = 1 - dt / tau_mem and r = tau_mem / dt

What NIR does not say, the order within a tick and how an observation is presented, goes into the
graph's metadata. docs/conversion.md has the details.
"""

from types import ModuleType

from rstdp_ros.support.errors import RstdpError

# Ticks have no duration of their own; readers assume this one by default.
DT = 1e-4
TICK_ORDER = ('cascade: u = alpha u + input; v = beta v + u with the new u; spike if v > '
              'threshold; v = 0 on a spike; a spike reaches the next layer in the same tick')
INPUT = ('x_i feeds input 2i with max(x_i, 0) and input 2i + 1 with max(-x_i, 0), the same in '
         'every tick; u and v are zero before the first')
OUTPUT = 'Q-values: v of the readout after the last tick'
# Readers without CubaLI get a CubaLIF that never fires.
NEVER = 1e30


def load_nir() -> ModuleType:
    """
    Import the package ``nir``.

    :raises RstdpError: it is missing.
    """
    try:
        import nir
    except ModuleNotFoundError as error:
        raise RstdpError(f'NIR files need {error.name}: pip install "rstdp_ros[nir]"') from None
    return nir
