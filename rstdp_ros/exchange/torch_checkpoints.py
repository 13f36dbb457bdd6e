"""
Networks from torch checkpoints: matrices without constants, read without running any code.

Two layouts are known: ``([W1, W2, W3], [])`` with matrices (in, out), the paper's authors' format,
and state dicts of bias-free ``nn.Linear`` layers, (out, in).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
import io
from itertools import pairwise
import math
from pathlib import Path
import re
from typing import Any
import zipfile

import numpy as np

from rstdp_ros.exchange.child import unpack
from rstdp_ros.exchange.foreign import Facts, find_task, make_network, MAX_BYTES, origin
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import read_file, shortened

LIBRARIES = ('torch',)
# Names that training scripts use for the acting network, also with _state_dict at the end.
WRAPPERS = ('model', 'policy_net', 'policy', 'q_network', 'q_net', 'qnet', 'online_net', 'online',
            'net', 'network', 'actor', 'agent')
MAX_WRAPPERS = 4
# Prefixes that DataParallel and torch.compile add to every name.
PARALLEL = re.compile(r'^((module|_orig_mod)\.)+')
LAYOUTS = ('known are ([W1, W2, W3], []) with matrices (in, out), and a state dict of three '
           'linear layers')


def read_checkpoint(path: Path, facts: Facts) -> SpikingQNetwork:
    """
    Read a checkpoint; constants that ``facts`` leaves open are the task's.

    :raises RstdpError: torch is missing, or the file is missing, damaged, needs to run code, or
        does not hold a network of a task.
    """
    data = read_file(path, MAX_BYTES)
    if find_spec('torch') is None:
        raise RstdpError('torch checkpoints need torch: pip install "rstdp_ros[train]"')
    try:
        weights = unpack('torch_checkpoints', data)
        task = find_task(facts.task, weights)
        given = {name: getattr(facts, name) for name in ('alpha', 'beta', 'threshold', 'ticks')
                 if getattr(facts, name) is not None}
        return make_network(weights, replace(task.network.neuron, **given), task,
                            task.robot.efforts, origin(path))
    except RstdpError as error:
        raise RstdpError(f'{path}: {shortened(error)}') from None


def read(data: bytes) -> list[np.ndarray]:
    """
    Return W1, W2, W3 from the bytes of a checkpoint, each (in, out) float32.

    :raises RstdpError: they are damaged, need to run code, or hold something else.
    """
    from pickle import UnpicklingError

    import torch
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise RstdpError(f'unpacks to more than {MAX_BYTES} bytes')
            if archive.testzip() is not None:  # torch does not check the checksums
                raise RstdpError('damaged, a checksum is wrong')
        content = torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)
    except RstdpError:
        raise
    except UnpicklingError:
        raise RstdpError('holds objects that only their own code can load, or is damaged; save '
                         'the tensors alone, as a state dict') from None
    except Exception as error:
        # zipfile and torch raise many kinds of error on damaged bytes.
        raise RstdpError('damaged or not a torch checkpoint (a zip archive, as torch 1.6 and '
                         f'later write it): {type(error).__name__}') from None
    return [np.ascontiguousarray(matrix) for matrix in _weights(content)]


def _weights(content: Any) -> list[np.ndarray]:
    """Return W1, W2, W3, each (in, out) float32, of either layout."""
    if isinstance(content, Mapping):
        return _of_state_dict(_unwrapped(content))
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


def _unwrapped(content: Mapping) -> Mapping:
    """Return the network's state dict from the wrappers that training scripts save."""
    for _ in range(MAX_WRAPPERS):
        names = [name for name in WRAPPERS for name in (f'{name}_state_dict', name)
                 if name in content]
        if 'state_dict' in content:
            names.insert(0, 'state_dict')
        if not names:
            break
        content = content[names[0]]
        if not isinstance(content, Mapping):
            raise RstdpError(f'an unknown layout, {names[0]!r} is no state dict; {LAYOUTS}')
    inner = [str(name) for name, value in content.items() if isinstance(value, Mapping)]
    if inner:
        raise RstdpError(f'holds {", ".join(inner)}, none of which is known to be the network; '
                         f'known are {", ".join(WRAPPERS)}, each with _state_dict or without')
    return _of_one_network(content)


def _of_one_network(content: Mapping) -> Mapping:
    """Drop the target network of a module that holds both."""
    return {name: tensor for name, tensor in content.items()
            if 'target' not in PARALLEL.sub('', str(name)).split('.')[0]}


def _of_state_dict(content: Mapping) -> list[np.ndarray]:
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
    # Usually in the order of the layers, but a dict may have been sorted or rebuilt.
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
    """Return a tensor as float32, refusing other objects and tensors too large for a network."""
    import torch
    if not (isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided
            and tensor.is_floating_point() and not tensor.is_quantized):
        raise RstdpError(f'{name!r} is not a dense tensor of floating-point numbers')
    if tensor.is_meta:
        raise RstdpError(f'{name!r} is a meta tensor, which has a shape but no values; save the '
                         'weights after they were loaded')
    if math.prod(tensor.shape) * 4 > MAX_BYTES:
        raise RstdpError(f'{name!r} with shape {tuple(tensor.shape)} is larger than a network can '
                         'be')
    return tensor.detach().to(torch.float32).numpy()


def _chains(weights: Sequence[np.ndarray]) -> bool:
    return len(weights) == 3 and all(a.shape[1] == b.shape[0] for a, b in pairwise(weights))


def _shapes(weights: Sequence[np.ndarray]) -> str:
    return ', '.join(str(w.shape) for w in weights)
