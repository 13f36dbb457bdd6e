"""Work that would block a node."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from rstdp_ros.nodes.node import Node

T = TypeVar('T')


def in_background(node: Node, work: Callable[[], T],
                  then: Callable[[Callable[[], T]], None]) -> None:
    """
    Do work in a separate thread, which ends with the process.

    :param node: keeps working meanwhile; its executor must run.
    :param work: the shorter it holds Python's lock at a time, the less it delays the node.
    :param then: a callback of the node, called afterwards with a function that returns what the
        work returned, or raises what it raised.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # the waiting node must hear of sys.exit too
            outcome.set_exception(error)
        # There is none any more if the node was stopped meanwhile.
        if executor := node.executor:
            executor.create_task(node.guarded(then), outcome.result)

    Thread(target=run, daemon=True).start()
