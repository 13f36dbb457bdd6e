"""A figure of a plant's measured and predicted motion."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rstdp_ros.drawing.plotting import BLACK, BLUE, legend_below, panels, VERMILLION
from rstdp_ros.drawing.saving import save_plot
from rstdp_ros.twin.prediction import KNOWN, Prediction

# More would be too small to see.
PIECES = 16


def plot_prediction(found: Prediction, nominal: Prediction, path: Path) -> None:
    """
    Draw the latest pieces: measured, predicted by the identified plant and by the nominal one.

    :raises RstdpError: matplotlib is missing, or the file cannot be written.
    """
    figure, axes = panels(len(found.names), columns=2, height=2.6)
    figure.set_figwidth(10.0)
    for i, (axis, name, unit) in enumerate(zip(axes, found.names, found.units)):
        steps, measured = _in_a_row(found, found.measured, i, 0)
        axis.plot(steps, measured, '.', color=BLACK, markersize=4, label='measured')
        for prediction, color, line, label in (
                (nominal, VERMILLION, ':', 'nominal plant'),
                (found, BLUE, '-', 'identified plant')):
            rows = _in_a_row(prediction, found.measured + prediction.errors, i, KNOWN - 1)
            axis.plot(*rows, line, color=color, linewidth=1.8, label=f'predicted, {label}')
        # A nominal plant may be off by any amount.
        low, high = np.nanmin(measured), np.nanmax(measured)
        margin = 0.25 * (high - low) + 1e-9
        axis.set(title=f'{name} ({unit})', ylim=(low - margin, high + margin))
    for axis in axes[-2:]:
        axis.set_xlabel(f'control steps; of every {found.seen.present.shape[1]} the first {KNOWN} '
                        'are known', fontsize='small')
    legend_below(figure, axes[0], 3)
    save_plot(figure, path)


def _in_a_row(prediction: Prediction, values: np.ndarray, i: int, first: int
              ) -> tuple[np.ndarray, ...]:
    """Return steps and one value of the latest pieces from a row on, NaN between them."""
    present = prediction.seen.present & (np.arange(values.shape[1]) >= first)
    shown = np.where(present, values[..., i], np.nan)[-PIECES:]
    steps = np.arange(shown.size).reshape(shown.shape)
    return tuple(np.pad(each.astype(float), ((0, 0), (0, 1)), constant_values=np.nan).ravel()
                 for each in (steps, shown))
