"""The pictures of a film: on each side the plant, the spikes and the return so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.drawing.plotting import BLACK, GREY, new_figure, STYLES
from rstdp_ros.support.endings import TERMINATED, TRUNCATED
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.rollout import Rollout
from rstdp_ros.tasks.sketch import Part, View

WIDTH, HEIGHT = 8.0, 5.6
TINY, SMALL, MEDIUM, LARGE = 6, 8.5, 10, 12
CAPTION_LINES = 3
SIDES = ('before', 'after')
STATES = {TERMINATED: 'ended at step {}', TRUNCATED: 'time limit, step {}'}
STYLE_OF: dict[str, dict[str, Any]] = {
    'ground': {'color': GREY, 'linewidth': 1.5},
    'limit': {'color': GREY, 'linewidth': 1, 'linestyle': ':'},
    'body': {'color': '#444444', 'linewidth': 0},
    'link': {'linewidth': 5, 'solid_capstyle': 'round'},
    'joint': {'color': BLACK, 'marker': 'o', 'markersize': 4}}
PALE = 0.4
# Rows of a side as (bottom, height), sides as (left, width), in fractions of the figure; the plant
# needs no room for labels.
STAGE, SPIKES, RETURN = (0.59, 0.355), (0.322, 0.2286), (0.182, 0.085)
PLOTS, STAGES = ((0.09, 0.4), (0.58, 0.4)), ((0.055, 0.45), (0.535, 0.45))


class Scale(NamedTuple):
    """
    The scales shared by all pictures of a film, so that they can be compared.

    :param steps: of the longest episode.
    :param low: smallest return; ``high``: largest.
    """

    steps: int
    low: float
    high: float

    @classmethod
    def of(cls, recordings: Sequence[Rollout]) -> Scale:
        """Choose scales that fit all of them."""
        return cls(max(r.steps for r in recordings),
                   min(float(r.returns.min()) for r in recordings),
                   max(float(r.returns.max()) for r in recordings))


class Side:
    """
    One network's half of the picture.

    :param index: 0 before, on the left, 1 after.
    :param layers: neurons of the hidden layers.
    """

    def __init__(self, figure: Any, index: int, digest: str, task: Task, physics: Any,
                 layers: tuple[int, ...], scale: Scale) -> None:
        self.task, self.physics = task, physics
        self.color = STYLES[('before', 'rstdp')[index]].color
        stage, spikes, returns = (
            figure.add_axes((column[0], row[0], column[1], row[1])) for column, row in (
                (STAGES[index], STAGE), (PLOTS[index], SPIKES), (PLOTS[index], RETURN)))
        stage.set_title(f'{SIDES[index]}  ({digest[:8]})', color=self.color, fontsize=LARGE,
                        fontweight='bold')
        self.body = self._stage(stage)
        self.image = self._spikes(spikes, layers, scale)
        if index > 0:
            spikes.set_yticklabels([])
        self.divider = spikes.axhline(layers[0] - 0.5, color=GREY, linewidth=0.8, animated=True)
        self.curve, = returns.plot([], [], color=self.color, linewidth=2, animated=True,
                                   clip_on=False)
        margin = 0.08 * (scale.high - scale.low or 1.0)
        returns.set(xlim=(0, scale.steps), ylim=(scale.low - margin, scale.high + margin))
        returns.set_xlabel('step', fontsize=SMALL, labelpad=1)
        self.total = _above(returns, 'left', MEDIUM)
        self.state = _above(returns, 'right', MEDIUM)
        spikes.set_title('spikes per observation', loc='left', fontsize=MEDIUM, pad=3)
        for axes in (spikes, returns):
            axes.spines[['top', 'right']].set_visible(False)
            axes.tick_params(labelsize=SMALL)

    def _stage(self, axes: Any) -> list[Any]:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Polygon
        axes.set_axis_off()
        box = axes.get_window_extent()
        view = fitted(self.task.sketch.view(self.physics), box.width / box.height)
        axes.set(xlim=view[:2], ylim=view[2:])
        zeros = (0.0,) * len(self.task.robot.joints)
        artists = []
        for part in self._parts(Joints(zeros, zeros)):  # any pose: all have the same parts
            style = {'animated': True, 'color': self.color, **STYLE_OF[part.kind]}
            artists.append(axes.add_patch(Polygon(part.points, **style)) if part.kind == 'body'
                           else axes.add_line(Line2D([], [], **style)))
        return artists

    def _parts(self, joints: Joints) -> tuple[Part, ...]:
        return self.task.sketch.parts(joints, self.physics)

    def _spikes(self, axes: Any, layers: tuple[int, ...], scale: Scale) -> Any:
        from matplotlib.colors import LinearSegmentedColormap
        shades = LinearSegmentedColormap.from_list('', ['white', self.color])
        first, both = layers[0], sum(layers)
        axes.set_yticks([first / 2, first + layers[1] / 2], ['hidden 1', 'hidden 2'])
        axes.tick_params(left=False, bottom=False, labelbottom=False)
        return axes.imshow(np.zeros((both, scale.steps)), cmap=shades, vmin=0, vmax=1,
                           aspect='auto', extent=(0, scale.steps, both - 0.5, -0.5),
                           animated=True)

    def show(self, recording: Rollout, step: int) -> list[Any]:
        """
        Show an episode at a step, or its end, paler, if it was over before.

        :return: the artists to redraw, in this order.
        """
        over, waits = step >= recording.steps, step > recording.steps
        step = min(step, recording.steps)
        for artist, part in zip(self.body, self._parts(recording.joints[step])):
            if part.kind == 'body':
                artist.set_xy(part.points)
            else:
                artist.set_data(*zip(*part.points))
            artist.set_alpha(PALE if waits and part.kind in ('body', 'link') else None)
        self._show_spikes(recording, step)
        self.curve.set_data(np.arange(step + 1), recording.returns[:step + 1])
        self.total.set_text(f'return so far  {recording.returns[step]:g}')
        self.state.set_text(STATES[recording.end].format(step) if over else '')
        return [*self.body, self.image, self.divider, self.curve, self.total, self.state]

    def _show_spikes(self, recording: Rollout, step: int) -> None:
        """Fill the raster up to the last answered observation."""
        seen = recording.rasters[:step + 1].mean(axis=1).T
        picture = np.zeros(self.image.get_array().shape)
        picture[:, :seen.shape[1]] = seen
        self.image.set_data(picture)


def fitted(view: View, ratio: float) -> View:
    """
    Widen a view about its middle to a ratio of width to height.

    Both axes then have the same scale, and nothing is cut off.
    """
    width, height = view.right - view.left, view.top - view.bottom
    more_x, more_y = max(0.0, height * ratio - width) / 2, max(0.0, width / ratio - height) / 2
    return View(view.left - more_x, view.right + more_x, view.bottom - more_y, view.top + more_y)


def _above(axes: Any, side: str, size: float) -> Any:
    return axes.text({'left': 0.0, 'right': 1.0}[side], 1.12, '', ha=side, va='bottom',
                     transform=axes.transAxes, fontsize=size, animated=True)


class Picture:
    """
    Both sides and the caption; static parts are drawn once.

    :param digests: of the networks before and after.
    :param width: pixels.
    """

    def __init__(self, task: Task, physics: Any, digests: tuple[str, ...],
                 layers: tuple[int, ...], scale: Scale, width: int) -> None:
        figure = new_figure(WIDTH, HEIGHT)
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        figure.set_layout_engine('none')
        figure.set_dpi(width / WIDTH)
        self.canvas = FigureCanvasAgg(figure)
        self.sides = [Side(figure, index, digest, task, physics, layers, scale)
                      for index, digest in enumerate(digests)]
        self.caption = figure.text(0.5, 0.012, '', ha='center', va='bottom', fontsize=MEDIUM,
                                   linespacing=1.4, animated=True)
        self.figure = figure
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(figure.bbox)

    def draw(self, pair: Sequence[Rollout], step: int, caption: str) -> np.ndarray:
        """
        Draw both episodes at a step.

        :param pair: the episodes before and after.
        :return: (height, width, 3) uint8.
        """
        self.canvas.restore_region(self.background)
        self.caption.set_text(caption)
        self.caption.set_fontsize(MEDIUM if caption.count('\n') < CAPTION_LINES else TINY)
        artists = [a for side, recording in zip(self.sides, pair)
                   for a in side.show(recording, step)]
        for artist in (*artists, self.caption):
            self.figure.draw_artist(artist)
        return np.array(self.canvas.buffer_rgba())[..., :3]
