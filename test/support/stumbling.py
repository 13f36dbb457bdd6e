"""An adaptation node whose learning fails at every third episode."""

import itertools
import sys

from rstdp_ros.nodes.adaptation import AdaptationNode
from rstdp_ros.nodes.main import run_node


class Stumbling(AdaptationNode):
    """Raises an unexpected error."""

    def __init__(self):
        self.tries = itertools.count()
        super().__init__()

    def _accept(self, episode):
        if next(self.tries) % 3 == 1:
            raise KeyError('x' * 10_000)
        super()._accept(episode)


if __name__ == '__main__':
    sys.exit(run_node(Stumbling))
