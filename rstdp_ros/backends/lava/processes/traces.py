"""The postsynaptic side of r-STDP: what the neuron provides to Loihi's three-factor rules."""

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
import numpy as np


class PostTraces(AbstractProcess):
    """
    Repeats recorded spikes and computes the traces y1, y2 and y3 that go with them.

    y1 is what a presynaptic spike subtracts from the eligibility: C A- k- (eq 5 and 6), plus what
    the learning engine adds by pairing spikes of the same tick, which eq 6 does not have. y2 is
    the third factor, Var ``reward``, and y3 the decay of the eligibility per tick.

    :param spikes: (ticks, h2) of 0 and 1.
    :param window: ticks after which k- restarts at zero.
    :param decay: exp(-1 / tau-); ``gain``: C A-.
    :param loss: 1 / tau_c.
    :param pairing: what the learning engine adds to the eligibility for spikes of the same tick.
    """

    def __init__(self, *, spikes: np.ndarray, window: int, decay: float, gain: float,
                 loss: float, pairing: float) -> None:
        super().__init__(spikes=spikes, window=window, decay=decay, gain=gain, loss=loss,
                         pairing=pairing)
        shape = (spikes.shape[1],)
        self.bap, self.y1, self.y2, self.y3 = (OutPort(shape) for _ in range(4))
        self.trace, self.reward = Var(shape, init=0), Var((1,), init=0)


@implements(proc=PostTraces, protocol=LoihiProtocol)
@requires(CPU)
@tag('floating_pt')
class PostTracesModel(PyLoihiProcessModel):
    """In float64, as Lava's learning."""

    bap: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool)
    y1: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    y2: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    y3: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    trace: np.ndarray = LavaPyType(np.ndarray, float)
    reward: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        """Send the traces as they were before this tick's spikes, then add the spikes."""
        p, tick = self.proc_params, self.time_step - 1
        spikes = p['spikes'][tick]
        if tick % p['window'] == 0:
            self.trace[:] = 0
        self.bap.send(spikes.astype(bool))
        self.y1.send(UNDECAYED * (p['gain'] * self.trace + p['pairing'] * spikes))
        self.y2.send(np.full(spikes.shape, UNDECAYED * self.reward[0]))
        self.y3.send(np.full(spikes.shape, UNDECAYED * p['loss']))
        self.trace[:] = p['decay'] * self.trace + spikes


# Lava applies a tick's decay even to traces that the neuron has computed for this tick.
UNDECAYED = np.exp(1.0 / np.iinfo(np.uint16).max)
