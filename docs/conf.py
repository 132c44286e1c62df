"""How Sphinx builds the documentation: ``make docs``. Building needs no internet connection."""

import sys
import warnings
from pathlib import Path

import genmodels
from genmodels.errors import Note

warnings.simplefilter("ignore", Note)  # autodoc reads attributes by their former names too
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "genmodels"
author = "The genmodels authors"
copyright = author
version = release = genmodels.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "generated",  # _ext/generated.py: the reference pages
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["attrs_block", "colon_fence"]
myst_heading_anchors = 3

# Names of other libraries cannot be resolved offline; names of genmodels must be.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!genmodels\.).*"),
    ("py:.*", r"genmodels\.evaluation\.metrics\.metric\.Context"),  # a type variable
]

python_maximum_signature_line_length = 80
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
napoleon_use_ivar = True

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "genmodels"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars: dict[str, list[str]] = {
    page: [] for page in ("index", "start", "concepts", "search", "genindex")
}
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navigation_with_keys": False,
}
