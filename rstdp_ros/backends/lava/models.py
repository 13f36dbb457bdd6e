"""
The kernels' float32 arithmetic, for Lava's neurons and synapses.

Lava's own ``floating_pt`` models compute in float64, so now and then a neuron spikes that would
not in float32, or vice versa. From there on the learned weights differ; so these models replace
them.
"""

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.models import PyDenseModelFloat
from lava.proc.dense.process import Dense
from lava.proc.lif.models import PyLifResetModelFloat
from lava.proc.lif.process import LIFReset
import numpy as np


@implements(proc=LIFReset, protocol=LoihiProtocol)
@requires(CPU)
@tag('floating_pt')
class Float32LIFReset(PyLifResetModelFloat):
    """Lava's LIFReset with state in float32 and every operation rounded to it."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.float32)
    u: np.ndarray = LavaPyType(np.ndarray, np.float32)
    v: np.ndarray = LavaPyType(np.ndarray, np.float32)

    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Advance u and v by one tick; there is no bias."""
        self.u *= np.float32(1 - self.du)
        self.u += activation_in
        self.v *= np.float32(1 - self.dv)
        self.v += self.u


@implements(proc=Dense, protocol=LoihiProtocol)
@requires(CPU)
@tag('floating_pt')
class Float32Dense(PyDenseModelFloat):
    """Lava's Dense in float32, summing over ascending neurons as the kernels do."""

    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.float32)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.float32)
    weights: np.ndarray = LavaPyType(np.ndarray, np.float32)

    def run_spk(self) -> None:
        """Send the sum of the previous tick, form the next one."""
        self.a_out.send(self.a_buff)
        spikes = self.s_in.recv().astype(bool)
        # numpy adds along the first axis row by row; along the last it would add in pairs.
        rows = np.ascontiguousarray(self.weights.T)[spikes]
        self.a_buff = np.add.reduce(rows, axis=0)


FLOAT32 = {LIFReset: Float32LIFReset, Dense: Float32Dense}
