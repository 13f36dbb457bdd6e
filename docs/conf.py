"""
How `make docs` turns these documents, and the docstrings, into a site.

Sphinx, because docs.ros.org builds its package pages with it (rosdoc2).
"""

from pathlib import Path
import re
import xml.etree.ElementTree as ElementTree

ROOT = Path(__file__).resolve().parent.parent

project = 'rstdp_ros'
author = 'the maintainers of rstdp_ros'
release = ElementTree.parse(ROOT / 'package.xml').findtext('version')
extensions = ['myst_parser', 'autoapi.extension', 'sphinxcontrib.mermaid', 'sphinx_copybutton']
exclude_patterns = ['results', 'examples']
html_theme = 'sphinx_rtd_theme'

# Anchors as GitHub makes them.
myst_heading_anchors = 4
myst_enable_extensions = ['html_image']
myst_fence_as_directive = ['mermaid']

# The reference is read from the sources, so nothing of them need be installed.
autoapi_dirs = [str(ROOT / 'rstdp_ros')]
autoapi_options = ['members', 'show-inheritance', 'show-module-summary']
autoapi_add_toctree_entry = False
# Constants have no docstrings, so they are not in the reference.
suppress_warnings = ['autoapi.python_import_resolution']

# Pages that are files beside this folder.
BESIDE = {'index': 'README.md', 'contributing': 'CONTRIBUTING.md'}
LINK = re.compile(r'\]\((?!\w+:|#)')


def setup(app):
    """Put files beside this folder into their pages, and lead links to them there."""
    def put(app, page, text):
        if page in BESIDE:
            beside = LINK.sub('](../', (ROOT / BESIDE[page]).read_text())
            text[0] = beside.replace('](../docs/', '](') + text[0]
        for name, file in BESIDE.items():
            text[0] = text[0].replace(f'](../{file}', f']({name}.md')
    app.connect('source-read', put)
