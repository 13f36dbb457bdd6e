"""Unpack foreign files in forks: as safe as in new processes, without their start-up time."""

import os

from rstdp_ros.exchange import child, nir_reading, torch_checkpoints


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
