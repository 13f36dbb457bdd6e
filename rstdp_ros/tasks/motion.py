"""Whether the actuated joint accelerates in the direction of its efforts."""

from __future__ import annotations

from collections import deque
import math

from rstdp_ros.tasks.checklist import Item, OK, WARN
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.task import Task

# Lags in control periods: from the current effort to one that a slow motor still obeys.
LAGS = 4
ENOUGH = 20
CERTAIN, MARGIN = 0.5, 0.2
# After this many steps without a decision learning may begin anyway.
PATIENCE = 300


class MotionCheck:
    """
    Correlates efforts with velocity changes at several lags, over all episodes.

    The strongest correlation shows the motor's delay, and its sign whether the wiring is right.
    With a policy that changes direction at every step, a delay looks like a wrong sign: nothing is
    decided unless the better sign beats the other one by a margin. A joint that turns may carry
    more weight than its motor lifts and then moves against its efforts although all is well: no
    decision is possible for it.

    :ivar tells: whether a decision is possible for this task.
    :ivar verdict: the result; None until then.
    :ivar against: whether the joint certainly moves against its efforts.
    """

    def __init__(self, task: Task) -> None:
        self.joint = task.robot.actuated_joint
        self._index = task.robot.joints.index(self.joint)
        self.tells = self.joint not in task.robot.angles
        self._efforts: deque[float] = deque(maxlen=LAGS)
        self._velocity: float | None = None
        self.anew()

    def anew(self) -> None:
        """Forget all evidence."""
        self.verdict: Item | None = None
        self.against, self._steps = False, 0
        # Of efforts and changes, per lag: products, squares of either.
        self._sums = [[0.0] * 3 for _ in range(LAGS)]

    def begin(self) -> None:
        """Begin a new episode; velocity changes are not taken across episodes."""
        self._efforts.clear()
        self._velocity = None

    def step(self, joints: Joints, effort: float) -> None:
        """Note the joints and the effort that led there."""
        before, self._velocity = self._velocity, joints.velocities[self._index]
        self._efforts.appendleft(effort)
        if self.verdict or before is None or not self.tells:
            return
        change = self._velocity - before
        for sums, lagged in zip(self._sums, self._efforts):
            for i, product in enumerate((lagged * change, lagged * lagged, change * change)):
                sums[i] += product
        self._steps += 1
        if self._steps >= ENOUGH:
            self._decide()

    def _decide(self) -> None:
        values = [product / math.sqrt(efforts * changes) if efforts * changes else 0.0
                  for product, efforts, changes in self._sums]
        best, worst = max(values), min(values)
        mend = f'check the signs of effort_scale and joints.{self.joint}.scale'
        if best >= CERTAIN and best + worst > MARGIN:
            self.verdict = Item(OK, f'{self.joint} follows its efforts after {values.index(best)} '
                                f'control periods (correlation {best:.2f})')
        elif -worst >= CERTAIN and -worst - best > MARGIN:
            self.against = True
            self.verdict = Item(WARN, f'{self.joint} moves against its efforts (correlation '
                                f'{worst:.2f}): {mend}')
        elif self._steps >= PATIENCE:
            self.verdict = Item(WARN, f'{self.joint} does not clearly follow its efforts '
                                f'(correlations {worst:.2f} to {best:.2f}): a weak motor? If in '
                                f'doubt, {mend}')
