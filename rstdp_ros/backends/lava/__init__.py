"""
The network on Intel's Lava.

The node talks to a separate process (:mod:`.host`) that builds the network (:mod:`.circuit`): Lava
forks an OS process per Process, which conflicts with ROS's threads and the node's signals.
"""
