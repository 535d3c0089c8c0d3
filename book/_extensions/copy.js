// A formula is in a page as MathML, for screen readers, and as letters in their places. Copied, it is there once: as TeX
// in plain text, as MathML in text with a form.
"use strict";
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed || selection.rangeCount > 1) return;
  const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(0);
  const range = document.createRange(); // Firefox leaves out parts of a clone of the selection's own
  range.setStart(startContainer, startOffset);
  range.setEnd(endContainer, endOffset);
  const around = (node) => {
    const element = node.closest ? node : node.parentElement;
    return element.closest(".katex-display") ?? element.closest(".katex");
  };
  const [first, last] = [around(startContainer), around(endContainer)];
  if (first) range.setStartBefore(first); // a part of a formula is none
  if (last) range.setEndAfter(last);
  const copied = document.createElement("div");
  copied.append(range.cloneContents());
  const formulas = [...copied.querySelectorAll(".katex")];
  if (!formulas.length) return;
  const written = formulas.map((formula) => {
    const sign = formula.closest(".katex-display") ? "$$" : "$";
    return sign + formula.querySelector("annotation").textContent.trim() + sign;
  });
  for (const other of copied.querySelectorAll(".katex-html, annotation")) other.remove();
  event.clipboardData.setData("text/html", copied.innerHTML);
  formulas.forEach((formula, index) => formula.replaceWith(written[index]));
  document.querySelector("article").append(copied); // only what is in a page knows its lines
  event.clipboardData.setData("text/plain", copied.innerText.replaceAll("\u2060", ""));
  copied.remove();
  event.preventDefault();
});
