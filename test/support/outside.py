"""Packages of docs/examples, as if installed."""

import importlib.util
import os
import shutil
import subprocess
import sys

from places import ROOT
import pytest

EXAMPLES = ROOT / 'docs/examples'


def install(name, factory):
    """
    Install an example into a folder of its own.

    :param factory: pytest's ``tmp_path_factory``.
    :return: the folder.
    """
    if importlib.util.find_spec('setuptools') is None:
        pytest.skip('setuptools builds the example')
    folder = factory.mktemp('installed')
    # A build leaves files beside its source.
    source = shutil.copytree(EXAMPLES / name, factory.mktemp('source') / name)
    subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-index',
                    '--no-build-isolation', '--target', str(folder), str(source)], check=True)
    return folder


def python_path(*folders):
    """Return a PYTHONPATH that has the folders first."""
    return os.pathsep.join(filter(None, (*map(str, folders), os.environ.get('PYTHONPATH'))))


def found_by_all(name):
    """Return a fixture for a module: every process that its tests start finds an example."""
    @pytest.fixture(scope='module', autouse=True)
    def found(tmp_path_factory):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('PYTHONPATH', python_path(install(name, tmp_path_factory)))
            yield
    return found
