"""
Record, replay, ask what if: rosbag2 files without ROS.

Reading and writing is done by ``rosbags``, which is imported where it is needed. What is learned
from the messages goes through the same objects as in the nodes.
"""
