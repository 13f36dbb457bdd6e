"""Where noise may enter a network: the numbers that scale its weights, alone or in groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rstdp_ros.plasticity.strategy import Weights


class Site(NamedTuple):
    """
    Groups of weights, each scaled by one number.

    :param layer: index of their matrix.
    :param rows: number of groups along its rows, which divides theirs; ``columns``: along its
        columns, 1 or theirs.
    """

    layer: int
    rows: int
    columns: int

    @classmethod
    def of(cls, name: str, weights: Weights) -> Site:
        """
        Return a site of a network with these weights.

        :param name: one of :data:`SITES`.
        """
        (inputs, h1), (_, h2), (_, actions) = (w.shape for w in weights)
        # A value feeds two input neurons: its positive part one, its negative part the other.
        return {VALUES: cls(0, inputs // 2, 1), INPUTS: cls(0, inputs, 1), HIDDEN: cls(0, 1, h1),
                W1: cls(0, inputs, h1), W2: cls(1, h1, h2), W3: cls(2, h2, actions)}[name]

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of its numbers."""
        return self.rows, self.columns

    def scaled(self, weights: Weights, log_gains: np.ndarray) -> Weights:
        """
        Return the weights with every group multiplied by float32(exp(z)).

        :param log_gains: z, of the site's shape.
        """
        w = weights[self.layer]
        gains = np.repeat(np.exp(log_gains).astype(np.float32), len(w) // self.rows, axis=0)
        return (*weights[:self.layer], w * gains, *weights[self.layer + 1:])


VALUES, INPUTS, HIDDEN, W1, W2, W3 = SITES = ('values', 'inputs', 'hidden', 'W1', 'W2', 'W3')
