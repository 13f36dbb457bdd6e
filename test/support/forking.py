"""
Forks of this process in place of new ones: as separate, without a second of start-up each.

They read foreign files, and they are nodes.
"""

import importlib
import os
import subprocess
import sys
import traceback

from rstdp_ros.bringup import runner
from rstdp_ros.exchange import child, nir_reading, torch_checkpoints

PYTHONPATH = os.environ.get('PYTHONPATH')


def unpack(module, data):
    """Do the work of :func:`rstdp_ros.exchange.child.unpack`."""
    receiver, sender = os.pipe()
    process = os.fork()
    if not process:
        try:
            os.close(receiver)
            with os.fdopen(sender, 'wb') as told:
                told.write(child.answer(module, data))
        finally:
            os._exit(0)
    os.close(sender)
    with os.fdopen(receiver, 'rb') as told:
        output = told.read()
    _, status = os.waitpid(process, 0)
    return child.result(os.waitstatus_to_exitcode(status) or not output, output)


def use_forks(monkeypatch):
    """Let the readers of foreign files use them."""
    for module in (nir_reading, torch_checkpoints):
        monkeypatch.setattr(module, 'unpack', unpack)


class Supervisor(runner.Supervisor):
    """Starts our own nodes as forks if they would find the same modules, and others as ever."""

    def _run(self, command, log):
        _, _, module, *arguments = command
        if (not module.startswith('rstdp_ros.nodes.')
                or self.environment.get('PYTHONPATH') != PYTHONPATH):
            return super()._run(command, log)
        main = importlib.import_module(module).main
        return Fork(lambda: be_a_node(main, [module, *arguments], self.environment, log))


class Fork(subprocess.Popen):
    """A process that does some work and ends."""

    def __init__(self, work):
        self._work = work
        super().__init__(())

    def _execute_child(self, *_):
        self.pid = os.fork()
        if not self.pid:
            self._work()
        self._child_created = True


def be_a_node(main, arguments, variables, log):
    """Do what a new process would, and end as it would."""
    os.setsid()
    for number in (1, 2):
        os.dup2(log.fileno(), number)
    sys.stdout, sys.stderr = (open(n, 'w', buffering=1, closefd=False) for n in (1, 2))
    sys.argv = arguments
    os.environ.clear()
    os.environ.update(variables)
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
