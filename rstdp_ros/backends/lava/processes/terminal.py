"""The Process by which observations enter a network on Lava and spikes and values leave it."""

from typing import Any

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
import numpy as np

# Ticks in a window beyond T: each of the two Dense delays spikes by one.
DELAY = 2
# The kind of a request, in its first element.
PRESENT, LOAD, STOP = 0.0, 1.0, 2.0


class Terminal(AbstractProcess):
    """
    Presents one input current per window of T + 2 ticks and collects the response.

    Pipes to and from the program that runs Lava: ``request`` takes the kind of request and a
    current, ``answer`` gives the raster and the readout's potentials. With LOAD, weights are taken
    from ``new_hidden`` and ``new_output`` and written into the synapses at the end of the window.

    :param sizes: neurons (h1, h2, actions).
    :param ticks: T.
    """

    def __init__(self, *, sizes: tuple[int, ...], ticks: int) -> None:
        super().__init__(sizes=sizes, ticks=ticks)
        h1, h2, n_out = sizes
        self.current, self.spikes1, self.spikes2 = (
            OutPort((h1,)), InPort((h1,)), InPort((h2,)))
        self.potentials, self.hidden, self.output = (
            RefPort((n_out,)), RefPort((h2, h1)), RefPort((n_out, h2)))
        self.request, self.answer = InPort((1 + h1,)), OutPort((ticks * (h1 + h2) + n_out,))
        self.new_hidden, self.new_output = InPort((h2, h1)), InPort((n_out, h2))
        for pipe in (self.request, self.answer, self.new_hidden, self.new_output):
            pipe.flag_external_pipe(buffer_size=1)


class TerminalModel(PyLoihiProcessModel):
    """The common part of both arithmetics."""

    spikes1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool)
    spikes2: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool)
    request: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    answer: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        (h1, h2, _), self._ticks = proc_params['sizes'], proc_params['ticks']
        self._window = self._ticks + DELAY
        self._rasters = np.zeros((self._window, h1)), np.zeros((self._window, h2))
        self._request = np.zeros(1 + h1)

    @property
    def _tick(self) -> int:
        return (self.time_step - 1) % self._window

    def run_spk(self) -> None:
        """Send the current, receive the spikes."""
        if self._tick == 0:
            self._request = self.request.recv()
            self._req_stop = self._request[0] == STOP
        self.current.send(self._request[1:].astype(self.current._d_type))
        self._rasters[0][self._tick] = self.spikes1.recv()
        self._rasters[1][self._tick] = self.spikes2.recv()

    def post_guard(self) -> bool:
        """Request a management phase at the end of a window."""
        return self._tick == self._window - 1

    def run_post_mgmt(self) -> None:
        """Write the announced weights, and answer."""
        if self._request[0] == LOAD:
            for new, synapses in ((self.new_hidden, self.hidden), (self.new_output, self.output)):
                synapses.write(new.recv())
                synapses.wait()
        first, second = self._rasters
        # The second layer lags the first by one tick.
        raster = np.hstack((first[:self._ticks], second[1:self._ticks + 1]))
        self.answer.send(np.concatenate((raster.ravel(), self.potentials.read())))


@implements(proc=Terminal, protocol=LoihiProtocol)
@requires(CPU)
@tag('floating_pt')
class FloatTerminalModel(TerminalModel):
    """For float32 currents and weights."""

    current: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.float32)
    potentials: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.float32)
    hidden: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.float32)
    output: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.float32)
    new_hidden: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.float32)
    new_output: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.float32)


@implements(proc=Terminal, protocol=LoihiProtocol)
@requires(CPU)
@tag('fixed_pt')
class FixedTerminalModel(TerminalModel):
    """For integer currents and weights."""

    current: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    potentials: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    hidden: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    output: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    new_hidden: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    new_output: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
