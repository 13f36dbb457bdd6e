"""The third factor: how the return of an episode scales the weight change."""

from rstdp_ros.errors import RstdpError

# Eq 9 prints (R - 50) / -500, which never gets small although the text says it does; read with
# the number of steps, -R, in place of R it is (steps - 50) / 500 and fits the text.
FORMULAS = {
    ('cartpole', 'paper'): lambda total: 1.0 - total / 200.0,
    ('cartpole', 'authors'): lambda total: 1.0 - total / 200.0,
    ('acrobot', 'paper'): lambda total: (-total - 50.0) / 500.0,
    ('acrobot', 'authors'): lambda total: -total / 500.0,
}


def modulation(task: str, name: str, episode_return: float) -> float:
    """
    Return r of eq 7 from the return of the episode (eq 8 and 9).

    :raises RstdpError: no formula of that name for the task.
    """
    try:
        return FORMULAS[task, name](episode_return)
    except KeyError:
        raise RstdpError(f'no modulation {name!r} for task {task!r}') from None
