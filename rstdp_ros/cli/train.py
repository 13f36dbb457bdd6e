"""Train a spiking Q-network in simulation by deep Q-learning."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from rstdp_ros.cli import options as shared
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_task(parser)
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='of the whole run: '
                        'weights, exploration, replay and starts (default: %(default)s)')
    parser.add_argument('--episodes', type=int, metavar='N', help='largest number of episodes, '
                        'solved or not (default: what the task needs)')
    parser.add_argument('--random-plants', action='store_true', help='draw a new plant for every '
                        'episode, each parameter log-uniform over its range in Table 2 of the '
                        'paper (default: one plant, default physics)')
    parser.add_argument('--raw-observations', action='store_true', help='train on observed values '
                        "as they are, like the paper's networks (default: brought to equal scale, "
                        'which is folded into W1 in the end)')
    parser.add_argument('--output', type=Path, metavar='FILE', help='the network file; its model '
                        'card goes beside it as .md (default: TASK_N.npz, '
                        'TASK_robust_N.npz if trained on random plants)')
    parser.add_argument('--log-dir', type=Path, metavar='DIR', help='logs for TensorBoard and '
                        'the checkpoint (default: runs/train_TASK_N or train_TASK_robust_N)')
    parser.add_argument('--resume', action='store_true', help='continue from the checkpoint in '
                        'the log folder; the outcome is that of an uninterrupted run')


def run(options: argparse.Namespace) -> None:
    """Train with a progress bar; write network and card."""
    task = get_task(options.task)
    if options.episodes is not None and options.episodes < 1:
        raise RstdpError(f'--episodes {options.episodes} is not positive')
    try:
        from torch.utils.tensorboard import SummaryWriter
        from tqdm import tqdm

        from rstdp_ros.training.card import write_card
        from rstdp_ros.training.dqn import Progress, train, Trainer
    except ModuleNotFoundError as error:
        raise RstdpError(f'training needs {error.name}: pip install "rstdp_ros[train]"') from None

    kind = f'{task.name}_robust' if options.random_plants else task.name
    name = f'{kind}_{options.seed}'
    output = options.output or Path(f'{name}.npz')
    log_dir = options.log_dir or Path('runs') / f'train_{name}'
    checkpoint = log_dir / 'training.pt'
    if options.resume:
        trainer = Trainer.load(task, checkpoint)
    else:
        settings = task.settings(equal_scale=not options.raw_observations,
                                 random_plants=options.random_plants)
        trainer = Trainer(task, options.seed, replace(
            settings, episodes=options.episodes or settings.episodes))
    with SummaryWriter(str(log_dir)) as log, tqdm(
            total=trainer.settings.episodes, initial=trainer.episode, unit='episode') as bar:
        def report(progress: Progress) -> None:
            bar.update()
            bar.set_postfix(ret=f'{progress.episode_return:.0f}', best=f'{progress.best:.1f}')
            log.add_scalar('return/training', progress.episode_return, progress.episode)
            log.add_scalar('epsilon', progress.epsilon, progress.episode)
            log.add_scalar('loss', progress.loss, progress.episode)
            if progress.validation is not None:
                log.add_scalar('return/validation', progress.validation, progress.episode)

        train(trainer, checkpoint, report)
    network = trainer.result()
    network.save(output)
    card = write_card(network, output)
    print(f'network: {output}\nmodel card: {card}')
