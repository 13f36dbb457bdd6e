"""Networks from and for other systems: NIR graphs and torch checkpoints."""

from rstdp_ros.exchange.foreign import Facts
from rstdp_ros.exchange.formats import read_network, write_network, writer_of

__all__ = ['Facts', 'read_network', 'write_network', 'writer_of']
