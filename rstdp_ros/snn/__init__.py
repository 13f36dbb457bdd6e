"""The spiking Q-network: neuron, encoding, network, kernels and its file."""

from rstdp_ros.snn.files import NetworkFileError
from rstdp_ros.snn.gains import with_gains
from rstdp_ros.snn.network import Inference, SpikingQNetwork
from rstdp_ros.snn.neuron import Neuron
from rstdp_ros.snn.quantize import quantize

__all__ = ['Inference', 'NetworkFileError', 'Neuron', 'SpikingQNetwork', 'quantize',
           'with_gains']
