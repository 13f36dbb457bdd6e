"""The page as a Bokeh document: figures, tables and controls, and when each is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
import time
from typing import Any

from rstdp_ros.tasks.interface import Joints
from rstdp_ros.view.controls import Actions, Controls
from rstdp_ros.view.look import LIGHT, LOOKS, theme, widget_style
from rstdp_ros.view.panels import Returns, Spikes, Stage, Weights
from rstdp_ros.view.scene import Played, Scene, Status

# Periods, ms: of what moves, and of what is read.
MOVING, READ = 60, 400
# Time between two drawings of what moves, on any page, s: many pages share what one costs.
SHARED = 0.04
NOTHING = 'nothing to set: the plant is not simulated by this graph'
TEMPLATE = Path(__file__).with_name('page.html')
# In words and signs, for those who do not see the colours.
LEVELS = ('● well', '▲ doubtful', '■ stopped', '○ silent')


class Page:
    """
    One open page.

    :param document: Bokeh's, empty.
    :param scene: what to show.
    :param actions: what a person may ask for.
    """

    def __init__(self, document: Any, scene: Scene, actions: Actions) -> None:
        from bokeh.models import Div
        from jinja2 import Environment, FileSystemLoader
        wanted = document.session_context.request.arguments.get('look', [b''])[0].decode()
        look = LOOKS.get(wanted, LIGHT)
        self.scene, self.look = scene, look
        style = {'stylesheets': [widget_style(look)], 'sizing_mode': 'stretch_width'}
        self.stage, self.spikes = Stage(look), Spikes(scene, look)
        self.returns, self.weights = Returns(scene.task, look), Weights(scene, look)
        self.controls = Controls(scene, actions, look)
        self.health, self.findings = Div(name='health', **style), Div(name='findings', **style)
        self.answer, self.note = Div(name='answer', **style), Div(name='note', **style)
        document.template = Environment(
            loader=FileSystemLoader(TEMPLATE.parent), autoescape=False).get_template(TEMPLATE.name)
        document.template_variables.update(
            look=look, other=next(name for name in LOOKS if name != look.name),
            chosen=wanted in LOOKS, task=scene.task.name)
        document.title = f'rstdp_ros {scene.task.name}'
        document.theme = theme(look)
        for name, model in self._roots().items():
            model.name = name
            document.add_root(model)
        self._replay: tuple[Played, Sequence[Joints], float] | None = None
        self._context, self._next, self._drawn = document.session_context.server_context, 0.0, 0
        self._read()
        self._move()
        document.add_periodic_callback(self._move, MOVING)
        document.add_periodic_callback(self._read, READ)

    def _roots(self) -> dict[str, Any]:
        from bokeh.models import Column, Row
        controls, weights = self.controls, self.weights
        halves = [Column(*controls.sliders[i::2], sizing_mode='stretch_width') for i in (0, 1)]
        sliders = Row(*halves, sizing_mode='stretch_width')
        return {
            'stage': self.stage.plot, 'raster': self.spikes.plot, 'q': self.spikes.q,
            'returns': self.returns.plot, 'change': weights.change, 'trace': weights.trace,
            'gains': weights.gains, 'health': self.health, 'findings': self.findings,
            'answer': self.answer, 'note': self.note, 'stop': controls.stop,
            'enable': controls.enable, 'save': controls.save, 'rollback': controls.rollback,
            'restart': controls.restart.button, 'learning': controls.learning,
            'pace': controls.pace, 'sliders': sliders, 'episodes': controls.episodes}

    def _move(self) -> None:
        """Draw what moves, if it is this page's turn."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SHARED * len(self._context.sessions)
        scene, number = self.scene, self.controls.chosen
        if number is None:
            self._replay = None
            self.stage.show(scene.task, scene.joints, scene.physics,
                            f'Now, effort {self.spikes.effort:g}')
        else:
            self._again(number)
        self._drawn += 1
        # Nobody can read them faster.
        if self._drawn % 2:
            self.spikes.show(scene)

    def _again(self, number: int) -> None:
        """Show a past episode in real time, again and again."""
        if not self._replay or self._replay[0].number != number:
            found = [p for p in self.scene.played if p.number == number]
            poses = found[0].poses() if found else ()
            if not poses:
                return
            self._replay = found[0], poses, time.monotonic()
        played, poses, began = self._replay
        step = int((time.monotonic() - began) / self.scene.task.robot.control_period)
        # The last pose stays for a while.
        last = len(poses) - 1
        pose = poses[min(step % (last + 1 + last // 3 + 1), last)]
        self.stage.show(self.scene.task, pose, played.physics,
                        f'Episode {number}: {played.end} after {played.steps} steps')

    def _read(self) -> None:
        """Draw what is read."""
        self.returns.show(self.scene)
        self.weights.show(self.scene)
        self.controls.show()
        for div, text in ((self.health, health(self.scene)),
                          (self.findings, findings(self.scene)),
                          (self.answer, escape(self.scene.answer)),
                          (self.note, '' if self.scene.simulated else NOTHING)):
            if div.text != text:
                div.text = text


def health(scene: Scene) -> str:
    """Return how every node is, as HTML."""
    rows = [f'<tr><td>{escape(node)}</td><td>{LEVELS[min(status.level, 3)]}</td>'
            f'<td>{escape(status.message)}</td></tr>'
            for node, status in sorted(scene.status.items())]
    said = scene.status.get('adaptation', Status(0, '', {})).values
    event = said.get('last event', '')
    if event:
        rows.append(f'<tr><td>last event</td><td></td><td>{escape(event)}</td></tr>')
    return f'<table>{"".join(rows) or "<tr><td>waiting for the graph ...</td></tr>"}</table>'


def findings(scene: Scene) -> str:
    """Return what was identified, as HTML."""
    rows = [f'<tr><td>{escape(name)}</td><td>{escape(value)}</td><td>{escape(true)}</td></tr>'
            for name, value, true in scene.findings()]
    if not rows:
        return '<b>Identified</b><p>nothing beyond the nominal plant</p>'
    return ('<table><tr><th>identified</th><th>value (95 % interval)</th><th>true</th></tr>'
            f'{"".join(rows)}</table>')
