"""What the theme leaves to mend: each button leads somewhere, tables and folded code can be reached without a mouse and
are read out, no translator touches code, and no script runs that the book does not use."""

import re

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sharing import PLACEHOLDER
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

# Scripts that Jupyter Book adds to each page and this book does not use. The first two fail in the browser.
UNUSED = ("sphinx-thebe", "THEBE_JS_URL", "toggle", "design-tabs", "sphinx-design", "DOCUMENTATION_OPTIONS.pagename")


def drop_unused(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not any(name in _text(file) for name in UNUSED)]
    for script in context["script_files"]:
        script.attributes["defer"] = "defer"


def _text(file) -> str:
    return f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body')}"


def drop_thebe(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for script in list(doctree.findall(nodes.raw)):
        if re.search("requestKernel|kernelName", script.astext()):
            script.parent.remove(script)


def mend_buttons(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    # A button that only prints carries a script, which the policy of the page forbids; browsers print without it.
    # Colab opens notebooks only, and the theme sends it to the text where there is none: on the front page.
    for group in (button for button in context["header_buttons"] if button["type"] == "group"):
        group["buttons"] = [
            button
            for button in group["buttons"]
            if button["type"] != "javascript" and not (button["text"] == "Colab" and button["url"].endswith(".md"))
        ]
    context["header_buttons"] = [button for button in context["header_buttons"] if button.get("buttons", True)]
    if PLACEHOLDER in app.config.html_theme_options["repository_url"]:
        explain_colab(context)


def explain_colab(context: dict) -> None:
    """As long as the book has no address, the Colab button says what to do instead of leading nowhere."""
    buttons = context["header_buttons"]
    for button in (button for group in buttons for button in group.get("buttons", ())):
        if button["text"] == "Colab":
            button["text"] = "Colab, once the book has an address"
            button["url"] = context["pathto"]("book/intro").removesuffix("#") + "#in-colab"
            button["tooltip"] = "Colab finds this chapter once the book has an address: how to give it one"
    context["header_buttons"] = [button for button in buttons if "source" not in button.get("label", "")]


class Translator(HTML5Translator):
    def starttag(self, node, tagname: str, *args, **attributes) -> str:
        # Sphinx marks code for Google's translator alone.
        if "notranslate" in attributes.get("CLASS", ""):
            attributes["translate"] = "no"
        # Sphinx sets the parameters of a function as definitions without a term, which a screen reader stumbles over.
        if tagname == "dl" and isinstance(node, addnodes.desc_parameterlist):
            attributes["role"] = "presentation"
        return super().starttag(node, tagname, *args, **attributes)


def visit_table(translator, node: nodes.table) -> None:
    # A table that is wider than the screen can be scrolled with the keyboard, too.
    type(translator).visit_table(translator, node)
    translator.body[-2] = '<div class="pst-scrollable-table-container" tabindex="0">'


def visit_hidden(translator, node: HideCodeCellNode) -> None:
    # The label that myst-nb gives it hides its text from a screen reader.
    translator.body.append(f'<details class="hide"><summary>{node["prompt_show"]}</summary>\n')


def depart_table(translator, node: nodes.table) -> None:
    type(translator).depart_table(translator, node)


def setup(app: Sphinx) -> dict:
    app.set_translator("html", Translator)
    app.add_node(nodes.table, override=True, html=(visit_table, depart_table))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_HideCellInput))
    # After the theme and Thebe have put their own things in, the theme with a priority of up to 501.
    app.connect("doctree-resolved", drop_thebe, priority=900)
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("html-page-context", mend_buttons, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
