"""What a page may load and run: a Content-Security-Policy in each page, with the hash of each script that stands in it.

Scripts come from the book's own files or are known by their hash. Styles may stand in the page ('unsafe-inline'): KaTeX
places the letters of a formula by style attributes, and the tables that cells print carry them. Small pictures may
stand in a style sheet (data:): the theme's check marks and arrows do.

A page that needs more says so in a handler of `html-page-context`:

    context["policy"] = {"script-src": "'wasm-unsafe-eval'", "worker-src": "'self' blob:"}
"""

from __future__ import annotations

import base64
import hashlib
import re

from sphinx.application import Sphinx

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


def add_policies(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    templates = app.builder.templates
    render = templates.render

    # Hashes are of the finished page, and Sphinx has no event for that. The theme renders parts of pages, too.
    def rendered(name: str, context: dict) -> str:
        html = render(name, context)
        return with_policy(html, context.get("policy", {})) if "<head>" in html else html

    templates.render = rendered


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", add_policies, priority=900)  # after everything else that changes a finished page
    return {"parallel_read_safe": True, "parallel_write_safe": True}
