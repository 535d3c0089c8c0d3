// Exercises in the page. Numbers are checked here, as in mobilenet_lib.exercises; functions run in Python, in a worker.
"use strict";
{
  const here = document.currentScript.src;
  const forms = [...document.querySelectorAll("form.exercise")];
  const asked = (form) => new TextDecoder().decode(Uint8Array.from(atob(form.dataset.exercise), (c) => c.charCodeAt()));
  const output = (form) => form.querySelector("output");

  function show(form, right, message) {
    Object.assign(output(form), { textContent: message }).dataset.right = right;
  }

  // Numbers as people type them.

  const ALLOWED = "Type a number, such as 1,234 or 8.5. You can calculate, too: 14 × 14 × 512, 1/9, 11.8 %, 3e6, (1 + 2)^2.";

  // One number: commas group thousands, where they can; another comma is a decimal one.
  function read(digits) {
    if (/^[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(digits)) return Number(digits.replaceAll(",", ""));
    const plain = digits.replace(/^(\d+),(\d+)/, "$1.$2");
    return /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(plain) ? Number(plain) : NaN;
  }

  // What was typed, as one number, or NaN.
  function calculate(text) {
    const plain = text
      .toLowerCase()
      .replace(/[−–]/g, "-")
      .replace(/[×·⋅∙]/g, "*")
      .replace(/[÷∶:]/g, "/")
      .replace(/\*\*/g, "^")
      .replace(/²/g, "^2")
      .replace(/³/g, "^3")
      .replace(/(?<=\d)[\s_](?=\d{3}(?!\d))/g, "") // 1 234 567, 1_234
      .replace(/(?<=[\d)])\s*x\s*(?=[\d(])/g, "*")
      .replace(/(?<=[\d)])\s*[x*]\s*$/, ""); // 8.5×
    const tokens = plain.match(/[\d.,]+(?:e[+-]?\d+)?|\S/g) ?? [];
    const next = (...signs) => (signs.includes(tokens[0]) ? tokens.shift() : undefined);
    const chain = (part, signs) => () => {
      let value = part();
      for (let sign; (sign = next(...Object.keys(signs))); ) value = signs[sign](value, part());
      return value;
    };
    const product = chain(() => signed(), { "*": (a, b) => a * b, "/": (a, b) => a / b });
    const sum = chain(product, { "+": (a, b) => a + b, "-": (a, b) => a - b });
    const signed = () => (next("-") ? -signed() : power());
    const power = () => {
      const value = atom();
      return next("^") ? value ** signed() : value;
    };
    const atom = () => {
      let value;
      if (next("(")) {
        value = sum();
        if (!next(")")) return NaN;
      } else value = read(tokens.shift() ?? "");
      return next("%") ? value / 100 : value;
    };
    const value = sum();
    return tokens.length ? NaN : value;
  }

  function words(value) {
    const whole = Number.isInteger(value) || Math.abs(value) >= 1e5;
    return value.toLocaleString("en-US", whole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 6 });
  }

  const times = (value) => words(Number(value.toPrecision(3)));

  // As `check` does in Python (a test compares): right, the hint of a slip, or how far off.
  function judge({ expected, slips, tolerance }, answer) {
    const close = (to) => Math.abs(answer - to) <= Math.max(tolerance, 1e-12) * Math.abs(to); // 1e-12: 3 * 0.1
    if (close(expected)) return [true, `Right: ${words(expected)}.`];
    const not = `Not ${words(answer)}`;
    const slip = slips.find(([value]) => close(value));
    if (slip) return [false, `${not}. ${slip[1]}`];
    if (answer / expected >= 2) return [false, `${not}: ${times(answer / expected)} times too large.`];
    if (expected / answer >= 2 && answer) return [false, `${not}: ${times(expected / answer)} times too small.`];
    return [false, `${not}: too ${answer > expected ? "large" : "small"} by ${words(Math.abs(answer - expected))}.`];
  }

  function checkNumber(form, text) {
    const answer = calculate(text);
    if (!Number.isFinite(answer)) return [null, ALLOWED];
    const verdict = judge(JSON.parse(asked(form)), answer);
    // 11.8 % is 0.118, and 11.8 where percents are asked for.
    const percents = /%\s*$/.test(text) && judge(JSON.parse(asked(form)), 100 * answer);
    return percents && percents[0] ? percents : verdict;
  }

  // Functions.

  let worker;
  const waiting = new Map(); // forms whose code runs, and what to do with the answer

  class Stopped extends Error {}

  function stop(error) {
    worker?.terminate();
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  function start() {
    worker = new Worker(new URL("exercise-worker.js", here), { type: "module" });
    worker.onerror = (event) => {
      event.preventDefault();
      stop(new Error(event.message || "a file is missing"));
    };
    worker.onmessage = ({ data: { ready, id, failed, result } }) => {
      if (failed) stop(new Error(failed));
      else if (ready) {
        for (const id of waiting.keys()) show(forms[id], "", "Running …");
        for (const size of document.querySelectorAll(".exercise .size")) size.hidden = true;
      } else {
        waiting.get(id)?.resolve(result);
        waiting.delete(id);
      }
    };
  }

  async function run(form, code) {
    const printed = form.querySelector(".printed");
    const stopper = form.querySelector(".stop");
    const elsewhere = form.querySelector(".elsewhere");
    const id = forms.indexOf(form);
    if (waiting.has(id)) return undefined;
    printed.hidden = elsewhere.hidden = true;
    show(form, "", worker ? "Running …" : "Loading Python … The next run is quick.");
    try {
      if (location.protocol === "file:") throw new Error("this page was opened as a file: use “make serve”");
      if (!worker) start();
      stopper.hidden = false;
      const result = await new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, code, exercise: asked(form) });
      });
      printed.textContent = result.printed;
      printed.hidden = !result.printed;
      return [result.right, result.message];
    } catch (error) {
      if (error instanceof Stopped) return [null, "Stopped."];
      elsewhere.hidden = false;
      return [null, `Python could not be run here (${error.message}). To try again, run it again.`];
    } finally {
      stopper.hidden = true;
    }
  }

  // What a reader types is kept on the device, by the page and by what is asked, until it is forgotten.

  const KEY = `exercises ${location.pathname}`;
  const kept = { answers: {} };
  try {
    kept.answers = JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {} // no storage here, or something else in it

  function keep(form, answer) {
    const { id } = form.dataset;
    if (answer) kept.answers[id] = answer;
    else delete kept.answers[id];
    try {
      if (Object.keys(kept.answers).length) localStorage.setItem(KEY, JSON.stringify(kept.answers));
      else localStorage.removeItem(KEY);
    } catch {}
    count();
  }

  const note = Object.assign(document.createElement("p"), { className: "exercise-note", tabIndex: -1 });
  const forget = Object.assign(document.createElement("button"), { type: "button", textContent: "Forget them" });
  const tally = document.createElement("span");
  note.append(tally, " ", forget);

  function count() {
    const right = forms.filter((form) => output(form).dataset.right === "true").length;
    tally.textContent = `Right on this page: ${right} of ${forms.length}. Your answers are kept in this browser only.`;
    note.hidden = !Object.keys(kept.answers).length;
    forget.hidden = false;
  }

  forget.addEventListener("click", () => {
    for (const form of forms) form.reset();
    tally.textContent = "Forgotten.";
    note.hidden = false;
    forget.hidden = true;
    note.focus();
  });

  for (const form of forms) {
    const field = form.elements.answer;
    const check = form.dataset.kind === "number" ? checkNumber : run;
    const verdict = async () => {
      const text = field.value;
      const found = await check(form, text);
      if (!found || field.value !== text) return;
      show(form, ...found);
      keep(form, { text, right: found[0] === true });
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      verdict();
    });
    form.addEventListener("input", () => {
      show(form, "", "");
      keep(form, field.value !== field.defaultValue && { text: field.value });
    });
    form.addEventListener("reset", () => {
      show(form, "", "");
      for (const part of form.querySelectorAll(".printed, .elsewhere")) part.hidden = true;
      keep(form);
    });
    const before = kept.answers[form.dataset.id];
    if (before) {
      field.value = before.text;
      if (check === checkNumber && "right" in before) show(form, ...checkNumber(form, before.text));
      else if (before.right) show(form, true, "Right when it ran last.");
    }
    form.querySelector(".stop")?.addEventListener("click", () => stop(new Stopped()));
    if (check === run) edit(form, field);
  }
  forms.at(-1)?.closest("section#exercises, section")?.append(note);
  count();

  // A field for code: Tab indents, unless Escape has been pressed; Enter keeps the indentation.
  function edit(form, field) {
    let leaving = false;
    const fit = () => (field.rows = Math.max(field.value.split("\n").length + 1, 4));
    const insert = (text) => document.execCommand("insertText", false, text); // which can be undone
    const indent = () => {
      const { value, selectionStart: from, selectionEnd: to } = field;
      if (from === to) return insert("    ");
      field.selectionStart = value.lastIndexOf("\n", from - 1) + 1;
      return insert(value.slice(field.selectionStart, to).replace(/^/gm, "    "));
    };
    field.addEventListener("focus", () => (leaving = false));
    field.addEventListener("keydown", (event) => {
      const { key } = event;
      if (key === "Tab" && !leaving && !event.shiftKey) indent();
      else if (key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      else if (key === "Enter" && !event.isComposing) {
        const line = field.value.slice(0, field.selectionStart).split("\n").at(-1);
        insert(`\n${line.match(/^ */)[0]}${line.trimEnd().endsWith(":") ? "    " : ""}`);
      } else {
        if (key === "Escape") leaving = true;
        else if (key !== "Tab" && key !== "Shift") leaving = false;
        return;
      }
      event.preventDefault();
    });
    form.addEventListener("input", fit);
    form.addEventListener("reset", () => setTimeout(fit));
    fit();
  }
}
