// What Sphinx' search leaves to mend. It stands between the program of search and the index, which starts it.
"use strict";
{
  // A word of the index is looked up in an object, where "constructor" is not to be found unless a page has it.
  const bare = { __proto__: null, hasOwnProperty: Object.prototype.hasOwnProperty };
  const setIndex = Search.setIndex;

  Search.setIndex = (index) => {
    for (const words of [index.terms, index.titleterms]) Object.setPrototypeOf(words, bare);
    setIndex(index);
  };

  // A number is a word too. In a page it can stand in another way than in the index.
  const written = (word) => {
    const grouped = /^\d{4,}$/.test(word) ? Number(word).toLocaleString("en-US") : word;
    return [word, word.replaceAll("×", " × "), grouped.replaceAll(",", "_"), grouped];
  };
  const parse = Search._parseQuery;

  Search._parseQuery = (query) => {
    const [text, words, excluded, marks] = parse(query);
    for (const number of splitQuery(query).filter((word) => /^\d+$/.test(word))) {
      words.add(number);
      for (const way of written(number)) marks.add(way);
    }
    localStorage.setItem("sphinx_highlight_terms", [...marks].join(" "));
    return [text, words, excluded, marks, []]; // no list of functions: they are words of the page "Reference"
  };

  const summary = Search.makeSearchSummary;

  Search.makeSearchSummary = (html, words, anchor) => summary(html, [...words].flatMap(written), anchor);

  // Where search finds a word, it shows the text around it: the text of the page alone, not its buttons. A formula is in
  // a page twice, and a third time as TeX; here it becomes one line, "1/N + 1/DK^2".
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
