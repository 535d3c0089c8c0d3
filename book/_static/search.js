// Where search finds a word, it shows the text around it: the text of the page alone, not its buttons. A formula is in a
// page twice, and a third time as TeX; here it becomes one line, "1/N + 1/DK^2".
"use strict";
{
  const OTHER = ".bd-header-article, #jb-print-docs-body, button, form, summary, .katex-html, annotation";
  const textOf = Search.htmlToText;

  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const other of page.querySelectorAll(OTHER)) other.remove();
    for (const fraction of page.querySelectorAll("mfrac")) {
      for (const part of fraction.querySelectorAll(":scope > mrow")) {
        if (part.children.length > 1) part.replaceChildren("(", ...part.childNodes, ")");
      }
      fraction.firstElementChild.after("/");
    }
    for (const root of page.querySelectorAll("msqrt")) root.replaceChildren("√(", ...root.childNodes, ")");
    for (const sign of page.querySelectorAll("mo")) sign.textContent = sign.textContent.replace(/[=+−⋅×≈<>]/, " $& ");
    for (const power of page.querySelectorAll(":is(msup, msubsup) > :last-child")) power.before("^");
    for (const cell of page.querySelectorAll("td, th, dt, dd")) cell.append(" ");
    return textOf(page.documentElement.outerHTML, anchor);
  };
}
