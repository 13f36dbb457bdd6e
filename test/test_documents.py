"""Links in the documents lead to files and headings that exist."""

from collections import Counter
import re
from urllib.parse import unquote

from places import ROOT
import pytest

DOCUMENTS = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted(ROOT.glob('docs/**/*.md'))]
pytestmark = pytest.mark.skipif(not DOCUMENTS[0].exists(), reason='only in the source tree')

FENCED = re.compile(r'^ *(```+|~~~+).*?^ *\1 *$', re.MULTILINE | re.DOTALL)
CODE = re.compile(r'(`+)(?:(?!\n\n).)+?\1', re.DOTALL)
HEADING = re.compile(r'^#{1,6} +(.*?)(?: +#+)? *$', re.MULTILINE)
LINK = re.compile(r'(?:\]\(|^ *\[[^]]+\]: +|\b(?:href|src)=")<?([^\s)>"]+)', re.MULTILINE)
NAMED = re.compile(r'\b(?:id|name)="([^"]+)"')
ELSEWHERE = re.compile(r'[a-z][a-z0-9+.-]*:|//')


def anchors(text):
    """Return the anchors that GitHub makes of a document's headings, and its own."""
    text, seen = FENCED.sub('', text), Counter()
    found = set(NAMED.findall(CODE.sub('', text)))
    for heading in HEADING.findall(text):
        words = re.sub(r'!?\[([^]]*)\]\([^)]*\)', r'\1', heading)
        anchor = re.sub(r'[^\w\- ]', '', words.lower()).replace(' ', '-')
        found.add(f'{anchor}-{seen[anchor]}' if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def broken(document):
    """List a document's relative links that lead nowhere."""
    targets = LINK.findall(CODE.sub('', FENCED.sub('', document.read_text())))
    return [target for target in targets
            if not ELSEWHERE.match(target) and not leads_somewhere(document, unquote(target))]


def leads_somewhere(document, target):
    """Say whether file and heading of a link exist; other files than Markdown have no headings."""
    name, _, anchor = target.partition('#')
    path = document.parent / name if name else document
    if not path.exists():
        return False
    return not anchor or path.suffix != '.md' or anchor in anchors(path.read_text())


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document):
    assert broken(document) == []


OTHER = """\
# Of `--set` and *others*: a_b

## Twice
## Twice

```
# Not a heading
[nor](a_link.md)
```
<a name="by-hand"></a> and `[no](link.md)`
"""


@pytest.mark.parametrize('link, sound', [
    ('other.md', True), ('other.md#of---set-and-others-a_b', True), ('other.md#twice-1', True),
    ('other.md#by-hand', True), ('#here', True), ('a%20picture.png', True), ('.', True),
    ('https://example.org/nothing', True), ('mailto:a@example.org', True),
    ('missing.md', False), ('missing.md#twice', False), ('other.md#thrice', False),
    ('other.md#twice-2', False), ('other.md#Twice', False), ('other.md#not-a-heading', False),
    ('#there', False), ('picture.png', False)])
@pytest.mark.parametrize('form', [
    'See\n[a `thing`\nof mine]({}).', '![a picture]({} "with a title")', '[one]: {}',
    '<img src="{}">', '[![both](a%20picture.png)]({})'])
def test_a_broken_link_is_found(tmp_path, link, sound, form):
    (tmp_path / 'other.md').write_text(OTHER)
    (tmp_path / 'a picture.png').touch()
    document = tmp_path / 'document.md'
    document.write_text(f'# Here\n\n{form.format(link)}\n')
    assert broken(document) == ([] if sound else [link])


def test_code_is_no_link(tmp_path):
    (tmp_path / 'other.md').write_text(OTHER)
    assert broken(tmp_path / 'other.md') == []
