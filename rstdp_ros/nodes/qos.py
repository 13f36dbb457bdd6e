"""
Quality of service per topic.

Never keep-all: with it a reader that died blocks the writer.
"""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# One observation is open at a time; an older one is worth nothing.
STEP = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
# In real time an observation that got lost is not worth waiting for.
LATEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A late joiner must learn the weights in use.
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
EVENT = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)


def per_episode(max_steps: int) -> QoSProfile:
    """Hold two of the longest episodes, so that a slow reader loses nothing."""
    return QoSProfile(depth=2 * max_steps, reliability=ReliabilityPolicy.RELIABLE)
