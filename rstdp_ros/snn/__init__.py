"""The spiking Q-network: neuron, encoding, network, kernels and its file."""

from rstdp_ros.snn.files import load_network, NetworkFileError, save_network
from rstdp_ros.snn.network import Inference, SpikingQNetwork

__all__ = ['Inference', 'NetworkFileError', 'SpikingQNetwork', 'load_network', 'save_network']
