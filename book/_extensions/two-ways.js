// Two ways from one input to outputs of the same shape, in lockstep: both sides multiply equally often in each step.
// A step is one number of the standard output. Meanwhile the separable side makes one position of all its sheets and,
// once they are full, D_K·D_K numbers of its output. A test compares the counts with mobilenet_lib.costs.
// A classic script, since modules do not load from a book that is opened as a file; Node.js draws the stills with it.
"use strict";
{
  const SIDE = 6; // of the input
  const DRAWN = { M: 3, N: 4, D_K: 3, stride: 1 };
  const range = (count, start = 0) => Array.from({ length: Math.max(0, count) }, (_, index) => start + index);
  const exact = (number) => number.toLocaleString("en-US");

  // Counting

  function plan({ M, N, D_K, stride }) {
    const D_F = Math.ceil(SIDE / stride);
    const before = Math.max((D_F - 1) * stride + D_K - SIDE, 0) >> 1; // zeros around the input, as TensorFlow pads it
    const [positions, perStep] = [D_F * D_F, D_K * D_K * M];
    const [standard, depthwise, pointwise] = [perStep * N * positions, perStep * positions, M * N * positions];
    const separable = depthwise + pointwise;
    const finish = Math.ceil(separable / perStep); // the step after which the separable side is done
    const steps = Math.max(N * positions, finish);
    return { M, N, D_K, D_F, stride, before, positions, perStep, standard, depthwise, separable, finish, steps };
  }

  function counts({ perStep, standard, depthwise, separable }, step) {
    const done = (total) => Math.min(step * perStep, total);
    return { standard: done(standard), depthwise: done(depthwise), separable: done(separable) };
  }

  // What is computed when. A number of an output or a sheet is {tensor, channel, y, x}.

  function finished({ positions, N, D_K }, step) {
    const each = Math.min(step, positions);
    const pointwise = Math.min(Math.max(step - positions, 0) * D_K * D_K, N * positions);
    return { output: Math.min(step, N * positions), sheets: each, result: pointwise };
  }

  function numbered({ D_F, positions }, tensor, index) {
    const [channel, place] = [Math.floor(index / positions), index % positions];
    return { tensor, channel, y: Math.floor(place / D_F), x: place % D_F };
  }

  function current(plan, step) {
    const [now, earlier] = [Math.min(step, plan.finish), Math.min(step, plan.finish) - 1];
    const [after, ahead] = [finished(plan, now), finished(plan, earlier)];
    const standard = numbered(plan, "output", finished(plan, step).output - 1);
    const sheets = range(after.sheets - ahead.sheets, ahead.sheets).flatMap((place) =>
      range(plan.M).map((channel) => ({ ...numbered(plan, "sheets", place), channel })),
    );
    const result = range(after.result - ahead.result, ahead.result).map((index) => numbered(plan, "result", index));
    return step ? [standard, ...sheets, ...result] : [];
  }

  // What a number is made of: square regions of other tensors, `joined` where one number reads all of the channels.
  function madeOf({ M, D_K, stride, before }, { tensor, channel, y, x }) {
    const window = { y: y * stride - before, x: x * stride - before, size: D_K };
    const [all, whole] = [range(M), { y: 0, x: 0, size: D_K }];
    return {
      output: () => [
        { tensor: "image", channels: all, ...window, joined: true },
        { tensor: `filter${channel}`, channels: all, ...whole, joined: true },
      ],
      sheets: () => [
        { tensor: "input", channels: [channel], ...window },
        { tensor: "window", channels: [channel], ...whole },
      ],
      result: () => [
        { tensor: "sheets", channels: all, y, x, size: 1, joined: true },
        { tensor: `bar${channel}`, channels: all, y: 0, x: 0, size: 1, joined: true },
      ],
    }[tensor]();
  }

  const key = (tensor, channel, y, x) => [tensor, channel, y, x].join(" ");
  const cellsOf = ({ tensor, channels, y, x, size }) =>
    channels.flatMap((c) => range(size, y).flatMap((row) => range(size, x).map((col) => key(tensor, c, row, col))));
  const regionsOf = (plan, numbers) => numbers.flatMap((number) => madeOf(plan, number));
  const itself = ({ tensor, channel, y, x }) => key(tensor, channel, y, x);

  function described(plan, { tensor, channel, y, x }) {
    const { M, D_K } = plan;
    const place = `row ${y + 1}, column ${x + 1}`;
    const channels = M > 1 ? `all ${M} channels` : "the one channel";
    const window = `a ${D_K}×${D_K} window`;
    return {
      output: `Output ${channel + 1}, ${place}: ${window} of ${channels}, by filter ${channel + 1}: ${plan.perStep} multiplications.`,
      sheets: `Sheet ${channel + 1}, ${place}: ${window} of channel ${channel + 1} alone, by its own filter: ${D_K * D_K} multiplications.`,
      result: `Output ${channel + 1}, ${place}: one place on ${M > 1 ? `all ${M} sheets` : "the one sheet"}, by filter ${channel + 1}: ${M} multiplications.`,
    }[tensor];
  }

  // Drawing. A sheet is seen from above at a slant; `unit` is the width of one of its cells.

  const [SLANT, FLAT] = [0.4, 0.42];
  const across = (columns, rows, unit) => unit * (columns + SLANT * rows);

  function layout(plan, narrow) {
    const { M, N, D_K, D_F } = plan;
    const width = narrow ? 358 : 720;
    const [unit, level, sign] = narrow ? [8.6, 27, 20] : [12.5, 36, 32];
    const sheet = across(SIDE, SIDE, unit);
    const room = width - 2 * sheet - 2 * sign - 8 * (N - 1); // between input and output, for N filters
    const weight = Math.min(unit, room / N / across(D_K, D_K, 1));
    const sheets = [];
    const labels = [];
    let [left, top, deep] = [0, 0, 0];

    function stack(tensor, count, side, size, hue) {
      const middle = ((deep - count) * level + level - side * size * FLAT) / 2;
      for (const channel of range(count)) {
        const place = { x: left, y: top + middle + channel * level };
        sheets.push({ tensor, channel, side, unit: size, hue: hue ?? channel, ...place });
      }
      left += across(side, side, size);
    }
    function place(text, what) {
      const start = left;
      what();
      labels.push({ text, x: (start + left) / 2, y: top + deep * level + 14, anchor: "middle", name: "label" });
    }
    function operator(text) {
      labels.push({ text, x: left + sign / 2, y: top + (deep * level) / 2 + 5, anchor: "middle", name: "sign" });
      left += sign;
    }
    function side(text, tensor, count, length, hue) {
      const padding = (sheet - across(length, length, unit)) / 2; // an output of stride 2 stands where a large one would
      place(text, () => ((left += padding), stack(tensor, count, length, unit, hue), (left += padding)));
    }
    function several(text, name, length, size) {
      place(text, () => range(N).forEach((n) => ((left += n ? 8 : 0), stack(`${name}${n}`, M, length, size))));
    }
    const filters = (count, size) => `${count} filter${count > 1 ? "s" : ""}, ${size}`;
    function row(title, name, channels, indent = 0) {
      [left, top, deep] = [indent, top + (deep ? deep * level + 30 : 0), channels];
      if (title) labels.push({ text: title, x: 0, y: top + 15, anchor: "start", name });
      top += title ? 26 : 0;
    }
    const middleOf = (used) => (width - 2 * sheet - 2 * sign - used) / 2;

    row("Standard convolution", "standard", Math.max(M, N));
    side("input", "image", M, SIDE);
    left += middleOf(N * across(D_K, D_K, weight) + 8 * (N - 1));
    operator("∗");
    several(filters(N, `${D_K}×${D_K}×${M}`), "filter", D_K, weight);
    operator("=");
    left = width - sheet;
    side("output", "output", N, D_F, "mixed");

    row("Depthwise, then pointwise", "separable", narrow ? M : Math.max(M, N));
    side("input", "input", M, SIDE);
    if (narrow) left += middleOf(across(D_K, D_K, weight));
    operator("∗");
    place(filters(M, `${D_K}×${D_K}×1`), () => stack("window", M, D_K, weight));
    operator("=");
    if (narrow) left = width - sheet;
    side(`${M} sheet${M > 1 ? "s" : ""}`, "sheets", M, D_F);
    const bars = N * across(1, 1, unit) + 8 * (N - 1);
    if (narrow) row("", "", Math.max(M, N), middleOf(bars) + sheet);
    else left += (width - sheet - sign - left - sign - bars) / 2;
    operator("∗");
    several(filters(N, `1×1×${M}`), "bar", 1, unit);
    operator("=");
    left = width - sheet;
    side("output", "result", N, D_F, "mixed");
    row("", "", 0);
    return { width, height: top + 64, top, sheets, labels, narrow };
  }

  const short = (number) => Number(number.toFixed(1));
  const corner = ({ x, y, unit, side }, row, column) =>
    [x + unit * (column + SLANT * (side - row)), y + unit * FLAT * row].map(short);
  function square(sheet, row, column, size = 1) {
    const [wide, slant, high] = [1, -SLANT, FLAT].map((share) => short(share * size * sheet.unit));
    return `M${corner(sheet, row, column)}h${wide}l${slant},${high}h${-wide}z`;
  }

  function stateOf(done, now, lit, { tensor, channel }, place, id, positions) {
    if (lit.has(id)) return "lit";
    if (now.has(id)) return "now";
    if (!(tensor in done)) return "held";
    return (tensor === "sheets" ? place : channel * positions + place) < done[tensor] ? "done" : "empty";
  }

  // Every cell as it is after a step: [sheet, id, state, path].
  function scene(plan, { sheets }, step, pointed) {
    const numbers = current(plan, step);
    const now = new Set([...numbers.map(itself), ...regionsOf(plan, numbers).flatMap(cellsOf)]);
    const lit = new Set(pointed ? [itself(pointed), ...regionsOf(plan, [pointed]).flatMap(cellsOf)] : []);
    const done = finished(plan, step);
    return sheets.flatMap((sheet) =>
      range(sheet.side * sheet.side).map((place) => {
        const [row, column] = [Math.floor(place / sheet.side), place % sheet.side];
        const id = key(sheet.tensor, sheet.channel, row, column);
        return [sheet, id, stateOf(done, now, lit, sheet, place, id, plan.positions), square(sheet, row, column)];
      }),
    );
  }

  // Lines around what is read, over the border too, and the edges that make a block of what is read together.
  function outlines(plan, { sheets }, step, pointed) {
    const find = (tensor, channel) => sheets.find((sheet) => sheet.tensor === tensor && sheet.channel === channel);
    const numbers = current(plan, step); // of the numbers of the output that the pointwise step makes at once, the last
    const one = numbers.filter(({ tensor }, index) => tensor !== "result" || index === numbers.length - 1);
    const around = regionsOf(plan, pointed ? [pointed] : one).flatMap((region) => {
      const { tensor, channels, y, x, size, joined } = region;
      const faces = channels.map((channel) => square(find(tensor, channel), y, x, size));
      const ends = [find(tensor, channels[0]), find(tensor, channels.at(-1))];
      const corners = [[y, x + size], [y + size, x], [y + size, x + size]];
      const edges = corners.map(([row, column]) => `M${ends.map((sheet) => corner(sheet, row, column)).join("L")}`);
      return joined && channels.length > 1 ? [...faces, ...edges] : faces;
    });
    return `<path class="outline" d="${[...new Set(around)].join("")}"/>`;
  }

  // What the search marks in an SVG, its button cannot unmark: "nohighlight" keeps Sphinx away.
  const words = ({ text, x, y, anchor, name }) =>
    `<text class="${name} nohighlight" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${text}</text>`;

  function race(plan, { width, top }, step) {
    const count = counts(plan, step);
    const [start, end] = [82, width - 138];
    const scale = (end - start) / Math.max(plan.standard, plan.separable);
    const bar = (name, from, to, y) =>
      `<rect class="bar ${name}" x="${start + from * scale}" y="${y}" width="${(to - from) * scale}" height="14"/>`;
    const share = `${((100 * plan.separable) / plan.standard).toFixed(1)}%`;
    const after = count.separable === plan.separable ? ` = ${share}` : "";
    return [
      bar("track", 0, plan.standard, top + 4) + bar("standard", 0, count.standard, top + 4),
      bar("track", 0, plan.standard, top + 30) + bar("depthwise", 0, count.depthwise, top + 30),
      bar("pointwise", count.depthwise, count.separable, top + 30),
      words({ text: "standard", x: 0, y: top + 16, anchor: "start", name: "standard" }),
      words({ text: "separable", x: 0, y: top + 42, anchor: "start", name: "separable" }),
      words({ text: exact(count.standard), x: end + 8, y: top + 16, anchor: "start", name: "count standard" }),
      words({ text: exact(count.separable) + after, x: end + 8, y: top + 42, anchor: "start", name: "count separable" }),
    ].join("");
  }

  // Two moments, one above the other, without a script: a file for print, Jupyter and code hosts.
  function stills(style) {
    const chosen = plan(DRAWN);
    const drawn = layout(chosen, false);
    const frames = [15, chosen.steps].map((step, index) => {
      const paths = {};
      for (const [{ hue }, , state, path] of scene(chosen, drawn, step, null)) {
        const name = `cell hue-${hue} ${state}`;
        paths[name] = (paths[name] ?? "") + path;
      }
      const cells = Object.entries(paths).map(([name, path]) => `<path class="${name}" d="${path}"/>`);
      const moment = `After step ${step} of ${chosen.steps}`;
      const title = words({ text: moment, x: drawn.width, y: 15, anchor: "end", name: "label" });
      const content = [...cells, outlines(chosen, drawn, step, null), ...drawn.labels.map(words), race(chosen, drawn, step), title];
      return `<g transform="translate(10 ${10 + index * (drawn.height + 20)})">\n${content.join("\n")}\n</g>`;
    });
    const size = [drawn.width + 20, 2 * (drawn.height + 20)];
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" class="two-ways" viewBox="0 0 ${size.join(" ")}" width="${size[0]}" height="${size[1]}">`,
      `<style>${style}</style>\n<rect class="ground" width="100%" height="100%"/>\n${frames.join("\n")}\n</svg>\n`,
    ].join("\n");
  }

  // On a page

  function start(figure) {
    const form = figure.querySelector("form");
    const find = (selector) => form.querySelector(selector);
    const [stage, scrub] = [find(".stage"), form.elements.step];
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const sizes = [...form.querySelectorAll("select")];
    const cursors = {};
    let nodes = new Map();
    let [chosen, drawn, pointed, playing, heard] = [null, null, null, 0, 0];
    const step = () => Number(scrub.value);

    function draw() {
      chosen = plan({ ...DRAWN, ...Object.fromEntries(sizes.map(({ name, value }) => [name, Number(value)])) });
      drawn = layout(chosen, stage.clientWidth < 560);
      scrub.max = chosen.steps;
      const cells = scene(chosen, drawn, step(), null);
      const group = (tensor) => cells.filter(([sheet]) => sheet.tensor === tensor).map(cellMarkup).join("");
      const outputs = { output: "Output of the standard convolution", sheets: "Sheets of the depthwise step", result: "Output of the pointwise step" };
      const slider = ([tensor, label]) =>
        `<g tabindex="0" role="slider" aria-label="${label}" data-tensor="${tensor}" aria-valuemin="1">${group(tensor)}</g>`;
      stage.innerHTML =
        `<svg class="two-ways" role="group" aria-label="Both convolutions at work" viewBox="-4 0 ${drawn.width + 8} ${drawn.height}">` +
        cells.filter(([{ tensor }]) => !(tensor in outputs)).map(cellMarkup).join("") +
        `${Object.entries(outputs).map(slider).join("")}<g class="marks" aria-hidden="true"></g></svg>`;
      nodes = new Map([...stage.querySelectorAll("[data-cell]")].map((node) => [node.dataset.cell, node]));
      for (const node of stage.querySelectorAll("[role=slider]")) {
        const { M, N, positions } = chosen;
        const total = (node.dataset.tensor === "sheets" ? M : N) * positions;
        node.setAttribute("aria-valuemax", total);
        cursors[node.dataset.tensor] = Math.min(cursors[node.dataset.tensor] ?? 0, total - 1);
        value(node);
      }
      point(null);
    }
    const cellMarkup = ([, id, , path]) => `<path data-cell="${id}" d="${path}"/>`;

    function value(node) {
      const number = numbered(chosen, node.dataset.tensor, cursors[node.dataset.tensor]);
      node.setAttribute("aria-valuenow", cursors[node.dataset.tensor] + 1);
      node.setAttribute("aria-valuetext", described(chosen, number));
      return number;
    }

    function show() {
      for (const [{ hue }, id, state] of scene(chosen, drawn, step(), pointed)) {
        const [node, name] = [nodes.get(id), `cell hue-${hue} ${state}`];
        if (node.getAttribute("class") !== name) node.setAttribute("class", name);
      }
      stage.firstChild.classList.toggle("pointing", Boolean(pointed));
      const texts = drawn.labels.map(words).join("");
      find(".marks").innerHTML = outlines(chosen, drawn, step(), pointed) + texts + race(chosen, drawn, step());
      find(".said").textContent = pointed ? described(chosen, pointed) : summary();
      if (!playing) scrub.setAttribute("aria-valuetext", summary());
    }

    function summary() {
      const { standard, separable } = counts(chosen, step());
      const done = separable === chosen.separable;
      const moment = `Step ${step()} of ${chosen.steps}: ${exact(standard)} multiplications above, ${exact(separable)} below`;
      if (!done || !step()) return `${moment}${step() <= chosen.positions ? ", each sheet by itself" : ", sheets mixed"}.`;
      return `${moment}, and done: ${((100 * separable) / chosen.standard).toFixed(1)}% = 1/${chosen.N} + 1/${chosen.D_K ** 2}.`;
    }

    // A screen reader hears what the reader asked for, not what runs by.
    function say() {
      clearTimeout(heard);
      heard = setTimeout(() => (find("[role=status]").textContent = summary()), 300);
    }
    const point = (number) => ((pointed = number), show());
    const go = (where) => ((scrub.value = where), show());
    function stop() {
      clearTimeout(playing);
      playing = 0;
      form.elements.play.textContent = "Play";
      point(null);
    }
    // Without motion, playing turns from one still to the next.
    function advance() {
      const stops = [1, chosen.positions, chosen.positions + 1, chosen.finish, chosen.steps];
      const next = calm.matches ? stops.find((stop) => stop > step()) : step() + 1;
      go(next ?? chosen.steps);
      if (step() < chosen.steps) playing = setTimeout(advance, calm.matches ? 2500 : step() < 6 ? 450 : 110);
      else stop(), say();
    }
    const press = {
      play() {
        if (playing) return stop(), say();
        stop();
        form.elements.play.textContent = "Pause";
        if (step() === chosen.steps) go(0);
        playing = setTimeout(advance, 110);
      },
      back: () => (stop(), go(step() - 1), say()),
      next: () => (stop(), go(step() + 1), say()),
    };
    for (const [name, pressed] of Object.entries(press)) form.elements[name].addEventListener("click", pressed);
    scrub.addEventListener("input", stop);
    for (const size of sizes) size.addEventListener("change", () => (stop(), draw(), say()));
    form.addEventListener("submit", (event) => event.preventDefault());

    stage.addEventListener("pointerover", ({ target }) => {
      const node = target.closest("[role=slider]");
      if (!node) return point(null);
      const [channel, y, x] = target.dataset.cell.split(" ").slice(1).map(Number);
      cursors[node.dataset.tensor] = (channel * chosen.D_F + y) * chosen.D_F + x;
      point(value(node));
    });
    stage.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || point(null));
    stage.addEventListener("focusin", ({ target }) => point(value(target.closest("[role=slider]"))));
    stage.addEventListener("focusout", () => point(null));
    stage.addEventListener("keydown", (event) => {
      const node = event.target.closest("[role=slider]");
      const { D_F, positions } = chosen;
      const [row, far] = [{ ArrowUp: -D_F, ArrowDown: D_F }, { PageUp: -positions, PageDown: positions, Home: -1e9, End: 1e9 }];
      const move = { ArrowLeft: -1, ArrowRight: 1, ...row, ...far }[event.key];
      if (!node || !move) return;
      event.preventDefault();
      const last = Number(node.getAttribute("aria-valuemax")) - 1;
      cursors[node.dataset.tensor] = Math.min(Math.max(cursors[node.dataset.tensor] + move, 0), last);
      point(value(node));
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== " " || /^(BUTTON|SELECT)$/.test(event.target.tagName)) return;
      event.preventDefault();
      press.play();
    });

    form.reset();
    form.hidden = false;
    figure.classList.add("live");
    draw();
    new ResizeObserver(() => (stage.clientWidth < 560) !== drawn.narrow && draw()).observe(stage);
  }

  if (typeof document === "undefined") module.exports = { stills };
  else start(document.currentScript.closest("figure"));
}
