"""
Quality of service per topic.

Never keep-all: with it a reader that died blocks the writer.
"""

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

from rstdp_ros.bags.topics import STEPS

# One observation is open at a time; an older one is worth nothing.
STEP = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
# In real time an observation that got lost is not worth waiting for.
LATEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A late joiner must learn the weights in use.
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
EVENT = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
# A motor's commands say by their lease when the process that sends them has died, even where the
# control period is long. Whoever asks for no lease, as controllers do, matches all the same.
COMMAND = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     liveliness=LivelinessPolicy.AUTOMATIC,
                     liveliness_lease_duration=Duration(seconds=0.5))
# Whoever publishes is heard, whatever it offers.
ANYBODY = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# Several seconds at full lockstep speed: what a recorder missed is repaired by then.
RECORDED = QoSProfile(depth=STEPS, reliability=ReliabilityPolicy.RELIABLE)

# Weights of as many episodes, which follow each other faster than a busy recorder may hear them;
# whoever else listens asks for the last one only.
RECORDED_WEIGHTS = QoSProfile(depth=20, reliability=ReliabilityPolicy.RELIABLE,
                              durability=DurabilityPolicy.TRANSIENT_LOCAL)


def per_episode(max_steps: int) -> QoSProfile:
    """Hold two of the longest episodes, so that a slow reader loses nothing."""
    return QoSProfile(depth=2 * max_steps, reliability=ReliabilityPolicy.RELIABLE)


def recorded(profile: QoSProfile, wanted: bool) -> QoSProfile:
    """Hold messages longer for a recorder, which must get what others need no more."""
    return RECORDED if wanted else profile
