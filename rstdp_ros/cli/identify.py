"""Find a plant's parameters from a bag, whatever policy moved it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import math
import sys
from typing import Any

from rstdp_ros.bags.driver import Driver
from rstdp_ros.bags.events import first_network
from rstdp_ros.bags.motion import Motion, recorded_motion
from rstdp_ros.bags.prediction import plot_prediction
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.topics import KINDS
from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import waiting
from rstdp_ros.nodes.tables import RobotParameters, wiring_parameters
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameter_files import all_parameters, read_parameter_file
from rstdp_ros.support.parameters import Parameter, table
from rstdp_ros.tasks import get_task, Task, TASKS
from rstdp_ros.tasks.joint_stream import JointWiring
from rstdp_ros.twin.adequacy import FITS, LACKS
from rstdp_ros.twin.identification import identify
from rstdp_ros.twin.identified import Estimate, Identified
from rstdp_ros.twin.predicted_return import predict_return, PredictedReturn
from rstdp_ros.twin.prediction import KNOWN, predict, Prediction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_bag(parser)
    parser.add_argument('--task', metavar='TASK', help=f'{", ".join(TASKS)}; needed where no '
                        'weights were recorded')
    parser.add_argument('--params-file', metavar='FILE', help='parameter file of a robot, as for '
                        'the environment node: names, zeros and scales of its joints, controller, '
                        "effort_scale; for bags of a robot's own topics")
    parser.add_argument('--episodes', nargs=2, type=int, metavar=('FIRST', 'LAST'), help='use '
                        'only these episodes, counted from 0 as in rstdp_ros inspect (default: '
                        'the latest of the bag)')
    parser.add_argument('--plot', metavar='FILE', type=shared.plot_file, help='where to draw '
                        'measured and predicted motion, .png, .svg or .pdf')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Identify and print; exit code 1 if the bag lacks something named in its metadata."""
    people = sys.stderr if options.json else sys.stdout
    first, last = options.episodes or (0, None)
    if last is not None and not 0 <= first <= last:
        raise RstdpError(f'--episodes {first} {last}: the first must not be negative, nor the '
                         'last before it')
    wiring = all_parameters(read_parameter_file(options.params_file)
                            if options.params_file else {})
    kinds = {**KINDS, **driver_of(wiring).kinds}
    with Bag(options.bag, options.namespace, kinds) as bag, waiting('identifying'):
        task = task_of(bag, options.task)
        motion = recorded_motion(bag, task, driver_of(wiring, task), first, last)
        found = identify(task, motion.trajectories)
        predicted, nominal = (predict(found, motion.trajectories, usual)
                              for usual in (False, True))
        returns = [predict_return(found, *one) for one in motion.played]
    print(*bag.complaints, *motion.notes, describe(motion, found, predicted, nominal),
          *goodness_of_returns(returns), sep='\n', file=people)
    if options.plot:
        plot_prediction(predicted, nominal, options.plot)
        print(f'plot: {options.plot}', file=people)
    if options.json:
        shared.print_json(to_json(motion, found, predicted, nominal, returns))
    return int(bag.incomplete)


def driver_of(values: Mapping[str, Any], task: Task | None = None) -> Driver:
    """
    Return a robot's wiring.

    :param values: parameters of the environment node; others are ignored.
    :param task: None if the joints are not known yet.
    :raises RstdpError: a value that does not fit.
    """
    def value(parameter: Parameter) -> Any:
        return parameter.validate(values.get(parameter.name, parameter.default))

    known = table(RobotParameters)
    wires = [value(p) for p in wiring_parameters(task)] if task else []
    joints = {joint: JointWiring(*wires[3 * i:3 * i + 3])
              for i, joint in enumerate(task.robot.joints if task else ())}
    return Driver(joints, value(known['controller']), value(known['effort_scale']))


def task_of(bag: Bag, name: str | None) -> Task:
    """
    Return the task of the recorded network, or the named one.

    :raises RstdpError: there is neither, or they differ.
    """
    recorded = first_network(bag).task if bag.counts['weights'] else None
    if not (name or recorded):
        raise RstdpError(f'{bag.path}: holds no weights that would name the task; name it by '
                         '--task')
    if name and recorded and name != recorded:
        raise RstdpError(f'--task {name}: the recorded network was made for {recorded}')
    return get_task(name or recorded)


def describe(motion: Motion, found: Identified, prediction: Prediction,
             nominal: Prediction) -> str:
    """Describe the identified plant, its uncertainty and the quality of its predictions."""
    task, estimates = found.prior.task, found.estimates()
    free = {name: one for name, one in estimates.items() if not one.held}
    lines = [f'{task.name}: {motion.steps} steps of {motion.episodes} episodes', '',
             f'{"parameter":24} {"nominal":>9} {"identified":>10}  {"95 % interval":24} unit',
             *(row(task, name, one) for name, one in free.items()), '']
    if held := {name: one for name, one in estimates.items() if one.held}:
        lines += ['kept at their nominal values, as the data do not call for others:',
                  *(row(task, name, one) for name, one in held.items()), '']
    lines += [f'taken as known: {", ".join(known(task, estimates))}', '', structure(found),
              'noise of the sensors (standard deviations): ' + ', '.join(
                  f'{name} {sd:.2g} {unit}' for name, unit, sd in
                  zip(prediction.names, prediction.units, found.noise)),
              *goodness(prediction, nominal)]
    return '\n'.join(lines)


def structure(found: Identified) -> str:
    """Say whether the equations explain the data."""
    words = (FITS if found.adequacy.fits else f'{LACKS}: no values of the parameters explain '
             'these data, and the intervals do not know of it')
    return f'structure: {words} (F = {found.adequacy.ratio:.2f}, p = {found.adequacy.p_value:.2g})'


def row(task: Task, name: str, one: Estimate) -> str:
    """Return a line of the table."""
    # A value far smaller than its uncertainty is 0.
    value = round(one.value, 3 - math.floor(math.log10(one.high - one.low or 1.0)))
    interval = f'{one.low:.4g} to {one.high:.4g}'
    line = (f'{name:24} {one.nominal:9.4g} {value:10.4g}  {interval:24} '
            f'{table(task.physics)[name].unit}')
    return line if one.identifiable else f'{line}   the data cannot tell'


def known(task: Task, estimates: dict[str, Estimate]) -> list[str]:
    """List the physics parameters that were not identified."""
    return [f'{name} {p.default:.4g} {p.unit}'.strip() for name, p in table(task.physics).items()
            if name not in estimates and isinstance(p.default, float)]


def goodness(prediction: Prediction, nominal: Prediction) -> list[str]:
    """Describe the quality of a plant's predictions."""
    ahead = prediction.seen.present.shape[1] - KNOWN
    if not prediction.ahead.any():
        return [f'nothing lasted longer than {KNOWN} steps without a gap: how well it predicts '
                'cannot be told']
    lines = [f'up to {ahead} steps ahead it errs by (r.m.s.; of the motion; the nominal plant):']
    for name, unit, *numbers in zip(prediction.names, prediction.units, prediction.rms,
                                    prediction.rms / prediction.motion,
                                    nominal.rms / nominal.motion):
        error, share, before = numbers
        lines.append(f'  {name:28} {error:9.2g} {unit:6} {100 * share:7.1f} % '
                     f'{100 * before:7.1f} %')
    return lines


def goodness_of_returns(returns: Sequence[PredictedReturn]) -> list[str]:
    """Compare predicted and recorded returns of the recorded networks."""
    if not returns:
        return ['returns cannot be compared: no whole episode of a recorded network (record '
                'observation, spikes, weights and episode_end)']
    inside = sum(one.inside for one in returns)
    means = [sum(values) / len(returns) for values in zip(*((one.recorded, one.predicted)
                                                            for one in returns))]
    return [f'returns: {means[0]:.1f} recorded, {means[1]:.1f} predicted on average; '
            f'{inside} of {len(returns)} episodes within the predicted 95 %']


def to_json(motion: Motion, found: Identified, prediction: Prediction, nominal: Prediction,
            returns: Sequence[PredictedReturn]) -> dict[str, Any]:
    """Return the result for programs."""
    values = zip(prediction.units, prediction.rms, prediction.rms / prediction.motion,
                 nominal.rms / nominal.motion, found.noise)
    keys = ('unit', 'rms', 'share', 'nominal_share', 'noise')
    return {'task': found.prior.task.name, 'episodes': motion.episodes, 'steps': motion.steps,
            'parameters': {name: one._asdict() for name, one in found.estimates().items()},
            'fit': {'steps_ahead': prediction.seen.present.shape[1] - KNOWN,
                    'values': {name: dict(zip(keys, each))
                               for name, each in zip(prediction.names, values)},
                    'structure': {'verdict': FITS if found.adequacy.fits else LACKS,
                                  **found.adequacy._asdict()},
                    'returns': [one._asdict() for one in returns]},
            'notes': motion.notes}
