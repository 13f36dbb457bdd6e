"""
Record, replay, ask what if: rosbag2 files without ROS.

``rosbags`` reads and writes; it is imported where it is needed. Learning from the messages uses
the same objects as the nodes.
"""
