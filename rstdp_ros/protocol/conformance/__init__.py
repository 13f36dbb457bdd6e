"""
Whether any environment follows the protocol.

The :class:`Examination` takes the place of policy and adaptation: it is given what the environment
sends, and returns what to request and answer. Like the rest of this room it does not depend on
ROS.
"""

from rstdp_ros.protocol.conformance.examination import Examination
from rstdp_ros.protocol.conformance.rules import FAILED, NOT_TRIED, OK, Rule, Verdict

__all__ = ['FAILED', 'NOT_TRIED', 'OK', 'Examination', 'Rule', 'Verdict']
