"""
The network on Intel's Lava.

The node talks to a process of its own (:mod:`.host`) that builds the network (:mod:`.circuit`):
Lava forks a process per Process, which neither ROS's threads nor the node's signals survive well.
"""
