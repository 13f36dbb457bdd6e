"""Run the bound in C (``bound.c``) on a network's observations."""

from __future__ import annotations

from collections.abc import Callable
import ctypes
from pathlib import Path
import shutil
import subprocess

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.layout import laid_out

SOURCE = Path(__file__).with_name('bound.c')


def bound(network: SpikingQNetwork, observations: np.ndarray,
          folder: Path) -> tuple[Callable[[], None], np.ndarray] | None:
    """
    Compile the bound for a network.

    :param observations: (n, values) float32.
    :param folder: for the library.
    :return: what presents all of them, and the (n, actions) Q-values that it writes; None without
        a compiler or AVX-512.
    """
    inputs, hidden, _, actions = network.sizes
    library = folder / f'bound_{hidden}.so'
    sizes = {'VALUES': inputs // 2, 'HIDDEN': hidden, 'ACTIONS': actions,
             'TICKS': network.neuron.ticks}
    if not shutil.which('cc') or 'avx512f' not in Path('/proc/cpuinfo').read_text():
        return None
    subprocess.run(['cc', '-O3', '-march=native', '-ffp-contract=off', '-shared', '-fPIC',
                    *(f'-D{name}={value}' for name, value in sizes.items()), SOURCE,
                    '-o', library], check=True)
    present_all = ctypes.CDLL(str(library)).present_all
    q = np.empty((len(observations), actions), np.float32)
    # Aligned with the cache, as the kernels have them.
    w1, w2, _ = laid_out(network.weights)
    arrays = [np.ascontiguousarray(a, np.float32) for a in (
        observations, w1, w2, network.weights[2], network.neuron.membrane)]
    seen, *others = [a.ctypes.data_as(ctypes.c_void_p) for a in arrays]

    def present() -> None:
        present_all(seen, len(q), *others, q.ctypes.data_as(ctypes.c_void_p))
        assert arrays  # they must outlive the call
    return present, q
