"""The figures of a page, each drawn anew only when what it shows is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rstdp_ros.drawing.film.panels import fitted
from rstdp_ros.plasticity import RSTDP
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.view.look import Look
from rstdp_ros.view.scene import MEAN_OF, Scene

# Width of the plant's picture relative to its height.
STAGE_RATIO = 1.6
# Larger matrices are shown as the largest entries of blocks.
PIXELS = 64


def figure(title: str, **choices: Any) -> Any:
    """Make an empty figure that fills its place."""
    from bokeh.plotting import figure as make
    return make(title=title, sizing_mode='stretch_both', toolbar_location=None,
                output_backend='canvas', **{'tools': '', **choices})


def columns(**values: Sequence[Any]) -> Any:
    """Make a source of data."""
    from bokeh.models import ColumnDataSource
    return ColumnDataSource(values)


class Stage:
    """The plant, moving."""

    def __init__(self, look: Look) -> None:
        from bokeh.models import Range1d
        self.plot = figure('', x_range=Range1d(-1, 1), y_range=Range1d(-1, 1))
        self.plot.sizing_mode, self.plot.aspect_ratio = 'scale_width', STAGE_RATIO
        self.plot.axis.visible = False
        self.plot.grid.visible = False
        self._kinds = {kind: columns(xs=[], ys=[])
                       for kind in ('ground', 'limit', 'body', 'link', 'joint')}
        for kind, style in (('ground', {'line_color': look.faint, 'line_width': 2}),
                            ('limit', {'line_color': look.faint, 'line_dash': 'dotted'})):
            self.plot.multi_line('xs', 'ys', source=self._kinds[kind], **style)
        self.plot.patches('xs', 'ys', source=self._kinds['body'], fill_color=look.faint,
                          line_color=None)
        self.plot.multi_line('xs', 'ys', source=self._kinds['link'], line_color=look.data,
                             line_width=7, line_cap='round')
        self.plot.scatter('xs', 'ys', source=self._kinds['joint'], color=look.ink, size=7)
        self._shown: tuple[Any, ...] = ()

    def show(self, task: Task, joints: Joints | None, physics: Mapping[str, Any],
             title: str) -> None:
        """Draw a pose of a plant."""
        if self._shown == (joints, physics, title):
            return
        if not self._shown or self._shown[1] != physics:
            view = fitted(task.sketch.view(task.make_physics(physics)), STAGE_RATIO)
            self.plot.x_range.update(start=view.left, end=view.right)
            self.plot.y_range.update(start=view.bottom, end=view.top)
        self._shown = joints, physics, title
        self.plot.title.text = title
        if joints is None:
            return
        parts = task.sketch.parts(joints, task.make_physics(physics))
        for kind, source in self._kinds.items():
            lines = [list(zip(*part.points)) for part in parts if part.kind == kind]
            xs, ys = [list(x) for x, _ in lines], [list(y) for _, y in lines]
            flat = kind == 'joint'
            data = {'xs': sum(xs, []) if flat else xs, 'ys': sum(ys, []) if flat else ys}
            # The ground does not move.
            if data != dict(source.data):
                source.data = data


class Spikes:
    """
    The spikes for the latest observation, and what they make of it.

    :ivar effort: what they command, N or N m.
    """

    def __init__(self, scene: Scene, look: Look) -> None:
        ticks, neurons = scene.network.raster_shape
        first = scene.network.sizes[1]
        self.raster = columns(image=[np.zeros((neurons, ticks), np.uint8)])
        self.plot = figure('Spikes of the last observation', x_range=(0, ticks),
                           y_range=(neurons, 0), x_axis_label='tick')
        self.plot.image('image', source=self.raster, x=0, y=0, dw=ticks, dh=neurons,
                        palette=look.ramp[::len(look.ramp) - 1], level='image')
        self.plot.yaxis.ticker = [first / 2, first + (neurons - first) / 2]
        self.plot.yaxis.major_label_overrides = {
            first / 2: 'hidden 1', first + (neurons - first) / 2: 'hidden 2'}
        self.plot.yaxis.major_label_orientation = 'vertical'
        self.plot.grid.visible = False
        self.plot.line([0, ticks], [first, first], color=look.faint)
        efforts = [f'{effort:g}' for effort in scene.task.robot.efforts]
        self.values = columns(effort=efforts, q=[0.0] * len(efforts),
                              color=[look.faint] * len(efforts))
        self.q = figure('Q-values minus their mean', x_range=efforts, x_axis_label='effort')
        self.q.vbar('effort', top='q', width=0.7, source=self.values, color='color')
        self.q.xgrid.visible = False
        self.look, self.effort = look, 0.0
        self._shown: Any = None

    def show(self, scene: Scene) -> None:
        """Draw the latest spikes."""
        raster = scene.raster
        if raster is None or raster is self._shown:
            return
        self._shown = raster
        self.raster.data = {'image': [np.ascontiguousarray(raster.T)]}
        q_values = scene.network.q_values_of(raster[np.newaxis])[0]
        self.effort = scene.task.robot.effort(q_values)
        best = int(np.argmax(q_values))
        self.values.patch({
            'q': [(slice(None), [float(q) for q in q_values - q_values.mean()])],
            'color': [(slice(None), [self.look.better if i == best else self.look.faint
                                     for i in range(len(q_values))])]})


class Returns:
    """The return of every episode, their mean, and events."""

    def __init__(self, task: Task, look: Look) -> None:
        from bokeh.models import HoverTool
        self.source = columns(number=[], result=[], mean=[], steps=[], end=[], event=[], size=[],
                              color=[])
        self.plot = figure('Return per episode', x_axis_label='episode')
        self.plot.line('number', 'mean', source=self.source, color=look.better, line_width=3,
                       legend_label=f'mean of {MEAN_OF}')
        dots = self.plot.scatter('number', 'result', source=self.source, color='color',
                                 size='size', legend_label='episode (red: an event)')
        self.plot.add_tools(HoverTool(renderers=[dots], tooltips=[
            ('episode', '@number'), ('return', '@result'), ('steps', '@steps'),
            ('end', '@end'), ('event', '@event')]))
        self.plot.legend.location = 'bottom_right'
        self.look = look
        self._shown: Sequence[Any] | None = None

    def show(self, scene: Scene) -> None:
        """Draw all episodes."""
        played = scene.played
        if played is self._shown:
            return
        self._shown = played
        results = [p.result for p in played]
        means = [_mean(results[max(0, i - MEAN_OF + 1):i + 1]) for i in range(len(results))]
        self.source.data = {
            'number': [p.number for p in played], 'result': results, 'mean': means,
            'steps': [p.steps for p in played], 'end': [p.end for p in played],
            'event': [p.event or '-' for p in played],
            'size': [9 if p.event else 6 for p in played],
            'color': [self.look.marked if p.event else self.look.data for p in played]}


class Weights:
    """What learning changed: W2, the eligibilities, and the gains of observed values."""

    def __init__(self, scene: Scene, look: Look) -> None:
        names = _observed(scene.task)
        self.change, self.changed = self._matrix('Change of W2', look)
        self.trace, self.traced = self._matrix('Eligibility', look)
        self.gains = figure('Gain of observed values (log)', y_range=list(reversed(names)))
        self.bars = columns(name=names, gain=[0.0] * len(names))
        self.gains.hbar('name', right='gain', height=0.6, source=self.bars, color=look.data)
        self.gains.ygrid.visible = False
        self._rule = RSTDP(scene.network)
        self._network: Any = None
        self._raster: Any = None

    @staticmethod
    def _matrix(title: str, look: Look) -> tuple[Any, Any]:
        from bokeh.models import LinearColorMapper
        source = columns(image=[np.zeros((1, 1), np.float32)])
        plot = figure(title, x_range=(0, 1), y_range=(1, 0), x_axis_label='to hidden 2',
                      y_axis_label='from hidden 1')
        mapper = LinearColorMapper(palette=look.diverging, low=-1, high=1)
        plot.image('image', source=source, x=0, y=0, dw=1, dh=1, color_mapper=mapper)
        plot.grid.visible = False
        for axis in plot.axis:
            axis.ticker, axis.major_label_text_font_size = [], '0px'
        return plot, source

    def show(self, scene: Scene) -> None:
        """Draw what is new."""
        if scene.network is not self._network:
            self._network, self._raster = scene.network, None
            self._rule = RSTDP(scene.network)
            self._draw(self.change, self.changed, 'Change of W2',
                       scene.network.weights[1] - scene.first.weights[1])
            self.bars.patch({'gain': [(slice(None), scene.log_gains().tolist())]})
        if scene.raster is not None and scene.raster is not self._raster:
            self._raster = scene.raster
            self._rule.begin_episode()
            self._rule.observe_rasters(np.ascontiguousarray(scene.raster)[np.newaxis])
            self._draw(self.trace, self.traced, 'Eligibility',
                       self._rule.eligibility)

    @staticmethod
    def _draw(plot: Any, source: Any, title: str, matrix: np.ndarray) -> None:
        largest = float(np.abs(matrix).max())
        scaled = pooled(matrix / largest if largest else matrix)
        source.data = {'image': [scaled.astype(np.float32)]}
        plot.title.text = f'{title}, up to {largest:.2g}' if largest else f'{title}: none'


def pooled(matrix: np.ndarray) -> np.ndarray:
    """Return a matrix of at most ``PIXELS`` rows and columns: of every block the largest entry."""
    rows, across = (max(1, -(-size // PIXELS)) for size in matrix.shape)
    missing = [(0, -size % step) for size, step in zip(matrix.shape, (rows, across))]
    padded = np.pad(matrix, missing)
    blocks = padded.reshape(padded.shape[0] // rows, rows, -1, across).swapaxes(1, 2)
    flat = blocks.reshape(*blocks.shape[:2], -1)
    return np.take_along_axis(flat, np.abs(flat).argmax(axis=2)[..., np.newaxis], axis=2)[..., 0]


def _mean(results: Sequence[float]) -> float:
    """Return the mean of what is a number."""
    known = [result for result in results if result == result]
    return sum(known) / len(known) if known else float('nan')


def _observed(task: Task) -> list[str]:
    """Name the observed values in the network's order."""
    kinds = [f'{joint} {kind}' for kind in ('position', 'velocity') for joint in task.robot.joints]
    if task.network.observed != len(kinds):
        return [f'value {i + 1}' for i in range(task.network.observed)]
    return [kinds[i] for i in task.robot.layout]
