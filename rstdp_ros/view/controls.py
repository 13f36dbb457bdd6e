"""What a person may change from the page, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import time
from typing import Any, Protocol

from rstdp_ros.view.look import Look, widget_style
from rstdp_ros.view.scene import Adjustable, adjustables, Scene

# Label of the entry that follows the plant.
LIVE = 'live'
# Time within which a button must be pressed again, s.
SURE = 5.0
PACES = {'fast': 0.0, 'real time': 1.0}


class Actions(Protocol):
    """What a page asks the graph for; both return at once, and the scene tells the outcome."""

    def set_parameter(self, node: str, name: str, value: Any) -> None:
        """Set a parameter of a node."""

    def call(self, service: str, value: bool | None = None) -> None:
        """Call a Trigger service, or with a value a SetBool."""


class Controls:
    """
    Buttons, switches and sliders.

    They follow the graph: what another tool changes shows here too, and is not sent again.
    """

    def __init__(self, scene: Scene, actions: Actions, look: Look) -> None:
        from bokeh.models import Button, RadioButtonGroup, Select, Toggle
        self._scene, self._actions = scene, actions
        style = {'stylesheets': [widget_style(look)], 'sizing_mode': 'stretch_width'}

        def button(label: str, press: Callable[[], None], **more: Any) -> Any:
            made = Button(label=label, name=label, **{**style, **more})
            made.on_click(press)
            return made

        def calls(service: str, value: bool | None = None) -> Callable[[], None]:
            return partial(actions.call, service, value)

        loud = (f'.bk-btn {{ background: {look.marked} !important; color: #fff !important; '
                'font-size: 18px !important; letter-spacing: 1px; }')
        self.stop = button('STOP', calls('environment/enable', False),
                           stylesheets=[widget_style(look), loud])
        self.enable = button('enable', calls('environment/enable', True))
        self.save = button('save', calls('adaptation/save'))
        self.rollback = button('roll back', calls('adaptation/rollback'))
        self.restart = _Twice('restart', calls('adaptation/restart'), button)
        self.learning = Toggle(label='learning', name='learning', active=True, **style)
        self.learning.on_change('active', self._said('adaptation', 'plasticity'))
        self.pace = RadioButtonGroup(labels=list(PACES), name='pace', **style)
        self.pace.on_change('active', self._said(
            'environment', 'real_time_factor', lambda index: [*PACES.values()][index]))
        self.sliders = [self._slider(each, style) for each in adjustables(scene.task)]
        self.episodes = Select(title='show', name='episodes', value=LIVE, options=[LIVE], **style)
        self._played: Any = None
        self._values: Any = None
        # Whether a change comes from the graph.
        self._following = False
        # What each slider was set to last, by the graph or by a person.
        self._followed: dict[str, float] = {}

    def _slider(self, of: Adjustable, style: Any) -> Any:
        from bokeh.models import Slider
        made = Slider(start=of.low, end=of.high, step=of.step, value=of.low, name=of.name,
                      margin=(0, 6), format='0.000',
                      title=f'{of.name}{f" ({of.unit})" if of.unit else ""}', **style)
        return made

    def _said(self, node: str, name: str,
              meaning: Callable[[Any], Any] = lambda value: value) -> Callable[..., None]:
        """Return what sends a person's change, and nothing that only follows the graph."""
        def changed(attribute: str, old: Any, new: Any) -> None:
            if new is not None and not self._following:
                self._set(node, name, meaning(new))
        return changed

    def show(self) -> None:
        """Send what a person moved, then follow the graph."""
        for slider in self.sliders:
            self._send(slider)
        self._show_values()
        self.restart.show()
        played = self._scene.played
        if played is not self._played:
            self._played = played
            chosen = self.episodes.value
            options = [LIVE, *(f'{p.number}: {p.result:g}, {p.end}' for p in reversed(played))]
            self.episodes.options = options
            if chosen not in options:
                self.episodes.value = LIVE

    def _send(self, slider: Any) -> None:
        """
        Send a slider's new value.

        While it is dragged, and for keys, Bokeh tells only of ``value``, and a value that was set
        elsewhere comes back from the browser rounded to a step.
        """
        known = self._scene.values.get(('environment', slider.name))
        moved = slider.value != self._followed.get(slider.name, slider.value)
        if moved and known is not None and abs(slider.value - known) > 0.6 * slider.step:
            self._followed[slider.name] = slider.value
            self._set('environment', slider.name, slider.value)

    def _set(self, node: str, name: str, value: Any) -> None:
        """Set a parameter; it counts as set at once, until what the node says arrives."""
        self._scene.set(node, {name: value})
        self._actions.set_parameter(node, name, value)

    def _show_values(self) -> None:
        values = self._scene.values
        if values is self._values:
            return
        self._values = values
        self._following = True
        if ('adaptation', 'plasticity') in values:
            self.learning.active = values['adaptation', 'plasticity']
        for slider in self.sliders:
            slider.visible = self._scene.simulated and ('environment', slider.name) in values
            if slider.visible:
                value = values['environment', slider.name]
                if value != self._followed.get(slider.name):
                    self._followed[slider.name] = value
                    _follow(slider, value)
        self.pace.visible = self._scene.simulated
        pace = values.get(('environment', 'real_time_factor'))
        self.pace.active = [*PACES.values()].index(pace) if pace in PACES.values() else None
        self._following = False

    @property
    def chosen(self) -> int | None:
        """The number of the past episode to show; None for the present."""
        number = self.episodes.value.split(':')[0]
        return int(number) if number.isdigit() else None


class _Twice:
    """A button that must be pressed twice, because what it does cannot be undone."""

    def __init__(self, label: str, act: Callable[[], None], make: Callable[..., Any]) -> None:
        self.button, self._label = make(label, self._pressed), label
        self._act, self._until = act, 0.0

    def _pressed(self) -> None:
        if self._until:
            self._until = 0.0
            self._act()
        else:
            self._until = time.monotonic() + SURE
        self.show()

    def show(self) -> None:
        """Ask while it may be pressed again."""
        if time.monotonic() > self._until:
            self._until = 0.0
        self.button.label = f'really {self._label}?' if self._until else self._label


def _follow(slider: Any, value: float) -> None:
    """Show a value, widening the slider for one that was set elsewhere."""
    changes = {}
    if value < slider.start:
        changes['start'] = value
    if value > slider.end:
        changes['end'] = value
    slider.update(**changes)
    if slider.value != value:
        slider.value = value
