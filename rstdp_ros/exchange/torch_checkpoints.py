"""
Networks from torch checkpoints: matrices without constants, read without running any code.

Two layouts are known: ``([W1, W2, W3], [])`` with matrices (in, out), as the paper's authors save
theirs, and state dicts of bias-free ``nn.Linear`` layers, (out, in).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import io
from itertools import pairwise
import math
from pathlib import Path
from typing import Any
import zipfile

import numpy as np

from rstdp_ros.errors import RstdpError
from rstdp_ros.exchange.foreign import (
    Facts,
    find_task,
    make_network,
    MAX_BYTES,
    origin,
    read_bytes,
)
from rstdp_ros.snn import SpikingQNetwork

WRAPPERS = ('state_dict', 'model_state_dict')
LAYOUTS = ('known are ([W1, W2, W3], []) with matrices (in, out), and a state dict of three '
           'linear layers')


def read_checkpoint(path: Path, facts: Facts) -> SpikingQNetwork:
    """
    Read a checkpoint; constants that ``facts`` leaves open are the task's.

    :raises RstdpError: torch is missing, or the file is missing, damaged, wants to run code, or
        holds something else than a network of a task.
    """
    content = _load(read_bytes(path), path)
    try:
        weights = _weights(content)
        task = find_task(facts.task, weights)
        constants = [getattr(task if getattr(facts, name) is None else facts, name)
                     for name in ('alpha', 'beta', 'threshold', 'ticks')]
        return make_network(weights, constants[:3], constants[3], task, task.action_efforts,
                            origin(path))
    except RstdpError as error:
        raise RstdpError(f'{path}: {error}') from None


def _load(data: bytes, path: Path) -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise RstdpError(f'torch checkpoints need {error.name}: '
                         'pip install "rstdp_ros[train]"') from None
    from pickle import UnpicklingError
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise RstdpError(f'{path}: unpacks to more than {MAX_BYTES} bytes')
            if archive.testzip() is not None:  # torch does not look at the checksums
                raise RstdpError(f'{path}: damaged, a checksum is wrong')
        return torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)
    except RstdpError:
        raise
    except UnpicklingError:
        raise RstdpError(f'{path}: holds objects that only their own code can load, or is '
                         'damaged; save the tensors alone, as a state dict') from None
    except Exception as error:
        # zipfile and torch raise many kinds of error on damaged bytes.
        raise RstdpError(f'{path}: damaged or not a torch checkpoint (a zip archive, as torch '
                         f'1.6 and later write it): {type(error).__name__}') from None


def _weights(content: Any) -> list[np.ndarray]:
    """Return W1, W2, W3, each (in, out) float32, of either layout."""
    if isinstance(content, Mapping):
        wrapped = [content[wrapper] for wrapper in WRAPPERS if wrapper in content]
        return _of_state_dict(wrapped[0] if wrapped else content)
    if not (isinstance(content, Sequence) and len(content) == 2
            and all(isinstance(part, Sequence) for part in content)):
        raise RstdpError(f'an unknown layout; {LAYOUTS}')
    matrices, recurrent = content
    if len(recurrent):
        raise RstdpError('the second part is not empty; recurrent weights have no place here')
    weights = [_matrix(f'W{i}', tensor) for i, tensor in enumerate(matrices, start=1)]
    if not _chains(weights):
        raise RstdpError(f'shapes {_shapes(weights)} are not three layers, each (in, out)')
    return weights


def _of_state_dict(content: Any) -> list[np.ndarray]:
    if not isinstance(content, Mapping):
        raise RstdpError(f'an unknown layout; {LAYOUTS}')
    weights = {}
    for name, tensor in content.items():
        if str(name).endswith('bias'):
            if _array(name, tensor).any():
                raise RstdpError(f'{name!r} is not zero; neurons here have no bias')
        elif str(name).endswith('weight'):
            weights[name] = _matrix(name, tensor).T
        else:
            raise RstdpError(f'{name!r} is neither a weight nor a bias; save those of the linear '
                             'layers alone and give constants by options, or use NIR, which '
                             'has a place for them')
    # Mostly in the order of the layers, but a dict may have been sorted or put together anew.
    for names in (list(weights), sorted(weights)):
        chain = [weights[name] for name in names]
        if _chains(chain):
            return chain
    shapes = ', '.join(f'{name!r} {w.shape[::-1]}' for name, w in weights.items())
    raise RstdpError(f'{shapes or "nothing"}: not three linear layers in a row, each (out, in)')


def _matrix(name: str, tensor: Any) -> np.ndarray:
    array = _array(name, tensor)
    if array.ndim != 2:
        raise RstdpError(f'{name!r} has shape {array.shape}, not that of a matrix')
    return array


def _array(name: str, tensor: Any) -> np.ndarray:
    """Return a tensor as float32, refusing what is none or only pretends to be small."""
    import torch
    if not (isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided
            and tensor.is_floating_point() and not tensor.is_quantized):
        raise RstdpError(f'{name!r} is not a dense tensor of floating-point numbers')
    if math.prod(tensor.shape) * 4 > MAX_BYTES:
        raise RstdpError(f'{name!r} with shape {tuple(tensor.shape)} is larger than a network can '
                         'be')
    return tensor.detach().to(torch.float32).numpy()


def _chains(weights: Sequence[np.ndarray]) -> bool:
    return len(weights) == 3 and all(a.shape[1] == b.shape[0] for a, b in pairwise(weights))


def _shapes(weights: Sequence[np.ndarray]) -> str:
    return ', '.join(str(w.shape) for w in weights)
