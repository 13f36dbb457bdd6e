"""Reward-modulated STDP for spiking policies on robots, over ROS 2."""

__version__ = '0.1.0'
