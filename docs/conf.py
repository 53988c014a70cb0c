"""The site that `make docs` builds: the pages as they are, with reference parts made from the code as it is built."""

import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from generated import MARK, PARTS, contents

from reconciler import __version__

ROOT = Path(__file__).resolve().parents[1]

project = "reconciler"
author = "the reconciler project"
version = release = __version__
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["docs/**.md", "benchmarks/README.md", "*.md"]
exclude_patterns = ["docs/pictures/README.md"]
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block"]
highlight_language = "text"
nitpicky = True
smartquotes = False

html_theme = "furo"
html_title = f"reconciler {__version__}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_additional_pages = {"index": "to-the-map.html"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
templates_path = ["_templates"]


def fill_in(_app: Sphinx, name: str, source: list[str]) -> None:
    """Puts what the code says where a page has a mark for it, and the map of the site behind the index."""
    source[0] = MARK.sub(lambda found: PARTS[found[1]](), source[0])
    if name == root_doc:
        source[0] += contents(source[0])


def copy_pictures(app: Sphinx, failure: Exception | None) -> None:
    """Pages show pictures in two colour schemes, which Sphinx does not follow."""
    if failure is None:
        shutil.copytree(ROOT / "docs" / "pictures", Path(app.outdir) / "docs" / "pictures", dirs_exist_ok=True)


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    app.connect("source-read", fill_in)
    app.connect("build-finished", copy_pictures)
