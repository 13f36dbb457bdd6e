"""A spiking Q-network as Lava's Processes: LIFReset, Dense and one Terminal."""

from __future__ import annotations

from lava.magma.core.run_conditions import RunContinuous
from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIFReset
from lava.utils.weightutils import SignMode
import numpy as np

from rstdp_ros.backends.lava.arithmetic import arithmetic_of, Parameters
from rstdp_ros.backends.lava.processes.terminal import DELAY, LOAD, PRESENT, STOP, Terminal
from rstdp_ros.snn import Inference, SpikingQNetwork

# Messages that a channel holds. Lava's default, 64, would reserve 35 MB of shared memory for the
# acrobot's weights; a container often has only 64 MB.
CHANNEL_SIZE = 4


class Circuit:
    """
    A running network.

    Every Dense delays spikes by one tick, but in our network a spike reaches the next layer in the
    same tick. So layer n begins its window n ticks later: it is reset then, and nothing of the
    previous observation reaches it any more. Windows are T + 2 ticks.

    Construct it in the main thread, and :meth:`stop` it: each Process is an OS process.

    :param network: the first one.
    :param target: cpu or loihi2.
    :ivar stopping: whether its processes may end.
    """

    def __init__(self, network: SpikingQNetwork, target: str) -> None:
        self.stopping = False
        self.network, self._arithmetic = network, arithmetic_of(network)
        self._parameters = self._arithmetic.parameters(network)
        self._terminal = self._connect(self._parameters)
        if target == 'loihi2':
            configuration = Loihi2HwCfg(select_tag=self._arithmetic.tag)
        else:
            configuration = Loihi2SimCfg(select_tag=self._arithmetic.tag,
                                         exception_proc_model_map=self._arithmetic.models)
        self._terminal.run(RunContinuous(), configuration, {'pypy_channel_size': CHANNEL_SIZE})

    def _connect(self, parameters: Parameters) -> Terminal:
        network = self.network
        terminal = Terminal(sizes=network.sizes[1:], ticks=network.neuron.ticks)
        # Lava counts time from 1.
        first, second, readout = (
            LIFReset(shape=(size,), du=parameters.du, dv=parameters.dv, vth=threshold,
                     reset_interval=network.neuron.ticks + DELAY, reset_offset=1 + layer)
            for layer, (size, threshold) in enumerate(zip(network.sizes[1:],
                                                          parameters.thresholds)))
        between, out = (Dense(weights=weights, sign_mode=SignMode.MIXED)
                        for weights in parameters.synapses)
        terminal.current.connect(first.a_in)
        for before, synapses, after in ((first, between, second), (second, out, readout)):
            before.s_out.connect(synapses.s_in)
            synapses.a_out.connect(after.a_in)
        first.s_out.connect(terminal.spikes1)
        second.s_out.connect(terminal.spikes2)
        terminal.potentials.connect_var(readout.v)
        terminal.hidden.connect_var(between.weights)
        terminal.output.connect_var(out.weights)
        return terminal

    def load(self, network: SpikingQNetwork) -> bool:
        """
        Write another network's weights into the running circuit.

        :return: False, with nothing changed, if more than the weights differs.
        """
        parameters = arithmetic_of(network).parameters(network)
        if _constants(network, parameters) != _constants(self.network, self._parameters):
            return False
        self._request(LOAD)
        for pipe, weights in zip((self._terminal.new_hidden, self._terminal.new_output),
                                 parameters.synapses):
            pipe.external_pipe_csp_send_port.send(weights)
        self._answer()
        self.network, self._parameters = network, parameters
        return True

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""
        self._request(PRESENT, self._arithmetic.current(self.network, observation))
        answer = self._answer()
        h1, _, n_out = self.network.sizes[1:]
        raster = answer[:-n_out].astype(np.uint8).reshape(self.network.raster_shape)
        return Inference(self._arithmetic.q_values(self.network, answer[-n_out:]),
                         (raster[:, :h1], raster[:, h1:]), raster)

    def stop(self) -> None:
        """End Lava's processes."""
        self.stopping = True
        self._request(STOP)
        self._terminal.wait()

    def _request(self, kind: float, current: np.ndarray | None = None) -> None:
        request = np.zeros(1 + self.network.sizes[1])
        request[0] = kind
        if current is not None:
            request[1:] = current
        self._terminal.request.external_pipe_csp_send_port.send(request)

    def _answer(self) -> np.ndarray:
        return self._terminal.answer.external_pipe_csp_recv_port.recv()


def _constants(network: SpikingQNetwork, parameters: Parameters) -> tuple:
    return (network.quantized, network.sizes, network.neuron.ticks,
            parameters._replace(synapses=()))
