"""Reward-modulated STDP for spiking policies on robots, over ROS 2."""

import os

__version__ = '0.2.0'
# Linear algebra adds in one order whatever the machine does, and leaves other cores to others.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
