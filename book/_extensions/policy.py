"""What a page may load and run: a Content-Security-Policy in each page, with the hash of each script that stands in it.

Scripts come from the book's own files or are known by their hash. Styles may stand in the page ('unsafe-inline'): KaTeX
places the letters of a formula by style attributes, and the tables that cells print carry them. Small pictures may
stand in a style sheet (data:): the theme's check marks and arrows do.

A page that needs more says so in a handler of `html-page-context`:

    context["policy"] = {"script-src": "'wasm-unsafe-eval'", "worker-src": "'self' blob:"}
"""

import base64
import hashlib
import re

from entrances import from_root
from sphinx.application import Sphinx
from sphinx.jinja2glue import BuiltinTemplateLoader

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
}
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\b(?:src|type)=)[^>]*>(.*?)</script>", re.DOTALL)
FIRST = '<meta charset="utf-8" />'  # what comes before the policy is not held to it


def policy(html: str, more: dict[str, str]) -> str:
    """The policy of a page, from its HTML and what it may do in addition."""
    rules = dict(POLICY)
    for script in dict.fromkeys(INLINE_SCRIPT.findall(html)):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        rules["script-src"] += f" 'sha256-{digest}'"
    for rule, sources in more.items():
        rules[rule] = f"{rules.get(rule, '')} {sources}".strip()
    return "; ".join(f"{rule} {sources}" for rule, sources in rules.items())


def with_policy(html: str, more: dict[str, str]) -> str:
    """The page with its policy at the top of its head; ValueError if it has no place for one."""
    if FIRST not in html:
        raise ValueError(f"html has no {FIRST}: the policy must come first in the head")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(html, more)}">'
    return html.replace(FIRST, f"{FIRST}\n    {meta}", 1)


class Pages(BuiltinTemplateLoader):
    """What renders the pages: the hashes are those of a page that is finished, for which Sphinx has no event."""

    def render(self, template: str, context: dict) -> str:
        html = super().render(template, context)
        if "<head>" not in html:  # the theme renders parts of pages, too
            return html
        return with_policy(from_root(html, context.get("root")), context.get("policy", {}))


def setup(app: Sphinx) -> dict:
    app.config.template_bridge = "policy.Pages"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
