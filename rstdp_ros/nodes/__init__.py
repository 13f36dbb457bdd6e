"""ROS 2 nodes: parameters and messages in, a core object called, messages out."""
