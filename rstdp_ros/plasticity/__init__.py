"""Learning after deployment: strategies, the guards that make them usable, and the run on disk."""

from rstdp_ros.plasticity.bounds import BoundsParameters
from rstdp_ros.plasticity.guard import GuardParameters, NoGuard, SnapshotGuard
from rstdp_ros.plasticity.learner import Learner, make_learner
from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.recheck import RecheckGuard
from rstdp_ros.plasticity.recipe import Recipe
from rstdp_ros.plasticity.records import EpisodeRecord
from rstdp_ros.plasticity.registry import AUTO, GUARDS, STRATEGIES
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.plasticity.rules import preset, PRESETS
from rstdp_ros.plasticity.run import AdaptationRun
from rstdp_ros.plasticity.strategy import Lesson, Proposal, Shown, Strategy

__all__ = ['AUTO', 'AdaptationRun', 'BoundsParameters', 'EpisodeRecord', 'GUARDS',
           'GuardParameters', 'Learner', 'Lesson', 'NoGuard', 'PRESETS', 'Proposal',
           'RSTDP', 'RSTDPParameters', 'Recipe', 'RecheckGuard', 'STRATEGIES', 'Shown',
           'SnapshotGuard', 'Strategy', 'make_learner', 'preset']
