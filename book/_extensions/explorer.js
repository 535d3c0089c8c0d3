// The explorer: what a MobileNet costs, counted like mobilenet_lib.architecture (a test compares) and shown.
// A classic script, since modules do not load from a book that is opened as a file.
"use strict";
{
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const form = document.querySelector("form.explorer");
  const find = (selector) => form.querySelector(selector);
  const names = ["alpha", "resolution", "classes"];
  const slider = (name) => form.elements[name];
  const field = (name) => find(`[data-for=${name}]`);
  const kinds = form.elements.convolution;

  // Counting

  function mobilenet({ alpha, resolution, classes, convolution }) {
    const layers = [];
    const scaled = (channels) => Math.max(1, Math.trunc(channels * alpha));
    let size = resolution;
    let inputs = 3;

    function add(name, kind, kernel, stride, outputs) {
      size /= stride;
      const channels = kind === "depthwise" ? [inputs] : [inputs, outputs];
      const params = channels.reduce((product, factor) => product * factor, kernel * kernel);
      layers.push({ name, kind, kernel, size, channels, params, multAdds: params * size * size });
      inputs = outputs;
    }

    add("conv1", "standard", 3, 2, scaled(data.stem));
    data.blocks.forEach(([stride, outputs], index) => {
      if (convolution === "separable") {
        add(`conv_dw_${index + 1}`, "depthwise", 3, stride, inputs);
        add(`conv_pw_${index + 1}`, "pointwise", 1, 1, scaled(outputs));
      } else {
        add(`conv_${index + 1}`, "standard", 3, stride, scaled(outputs));
      }
    });
    size = 1; // average pooling
    add("conv_preds", "dense", 1, 1, classes);
    return layers;
  }

  const total = (layers, what) => layers.reduce((sum, layer) => sum + layer[what], 0);

  // Writing

  const exact = (number) => number.toLocaleString("en-US");
  const rounded = (number) => number.toLocaleString("en-US", { maximumSignificantDigits: 3 });
  const percent = (number) => `${number.toFixed(1)}%`;
  const bytes = (number) => (number >= 1e6 ? `${(number / 1e6).toFixed(1)} MB` : `${(number / 1e3).toFixed(1)} kB`);
  const factors = ({ kernel, channels, size }) =>
    [kernel > 1 && `${kernel}²`, ...channels, size > 1 && `${size}²`].filter(Boolean).join(" · ");

  function write(fact, text, note) {
    find(`[data-fact=${fact}]`).textContent = text;
    find(`[data-fact=${fact}]`).classList.toggle("unknown", text.startsWith("not "));
    find(`[data-note=${fact}]`).textContent = note;
  }

  function showFacts(setting, layers) {
    const paper = mobilenet({ alpha: 1, resolution: data.fullResolution, classes: 1000, convolution: "separable" });
    const params = total(layers, "params");
    for (const what of ["multAdds", "params"]) {
      const share = (100 * total(layers, what)) / total(paper, what);
      write(what, exact(total(layers, what)), `${rounded(share)}% of the paper’s network`);
    }
    write("float32", bytes(4 * params), `${exact(4 * params)} bytes`);
    write("int8", bytes(params), `${exact(params)} bytes`);
    const [published] = like(data.published, setting);
    if (published) write("imagenet", percent(published.top1), published.note);
    else write("imagenet", "not published", "no checkpoint has this setting");
    const [run, longer] = setting.convolution === "separable" ? like(data.measured, setting) : [];
    if (run) {
      const interval = run.interval.map((end) => end.toFixed(1)).join(" to ");
      const more = longer ? `; ${share(longer)} ${after(longer)}` : "";
      write("catsDogs", share(run), `${after(run)}; 95% interval ${interval}${more}`);
    } else write("catsDogs", "not measured", "no run from scratch is recorded");
  }

  const share = (run) => `${run.accuracy.toFixed(2)}%`; // exact: of 2,000 photos, one is 0.05%
  const after = (run) => `after ${run.epochs.join(" + ")} epochs`;
  const like = (list, { alpha, resolution, convolution }) =>
    list.filter(
      (one) => one.alpha === alpha && one.resolution === resolution && (one.convolution ?? convolution) === convolution,
    );

  // The picture has no viewBox: positions are percentages, so letters keep their size on a phone.

  const [fewest, most, worst, best] = [5e6, 1e10, 40, 75]; // Mult-Adds from left to right, accuracy from bottom to top
  const across = (multAdds) => (100 * Math.log(multAdds / fewest)) / Math.log(most / fewest);
  const down = (top1) => (100 * (best - top1)) / (best - worst);
  const line = (x1, y1, x2, y2, name) => `<line class="${name}" x1="${x1}%" y1="${y1}%" x2="${x2}%" y2="${y2}%"/>`;
  const label = (x, y, dx, dy, anchor, text, name = "") =>
    `<text class="${name}" x="${x}%" y="${y}%" dx="${dx}" dy="${dy}" text-anchor="${anchor}">${text}</text>`;
  const point = ({ alpha, resolution, convolution, top1 }) => {
    const setting = { alpha, resolution, classes: 1000, convolution };
    return { alpha, convolution, top1, x: across(total(mobilenet(setting), "multAdds")), y: down(top1) };
  };
  const points = data.published.map(point);
  const background = [
    ...[40, 50, 60, 70].map(down).map((y) => line(0, y, 100, y, "grid")),
    ...[40, 50, 60, 70].map((top1) => label(0, down(top1), -8, 4, "end", top1)),
    ...[1e7, 1e8, 1e9, 1e10].map((multAdds) => label(across(multAdds), 100, 0, 24, "middle", exact(multAdds / 1e6))),
    ...points.map(({ alpha, convolution, x, y }, index) => {
      const next = points[index + 1];
      if (convolution === "full") return `<rect x="${x}%" y="${y}%" width="9" height="9" class="dot square"/>`;
      const first = points.findIndex((other) => other.alpha === alpha) === index;
      return (
        (next?.alpha === alpha && next.convolution === convolution ? line(x, y, next.x, next.y, "series") : "") +
        (first ? label(x, y, 14, 5, "start", `α = ${alpha}`) : "") +
        `<circle class="dot" cx="${x}%" cy="${y}%" r="4.5"/>`
      );
    }),
  ].join("");

  function showPicture(setting, layers) {
    const multAdds = total(layers, "multAdds");
    const [published] = like(data.published, setting);
    const x = Math.min(Math.max(across(multAdds), 0), 100);
    const beyond = multAdds > most ? " →" : multAdds < fewest ? " ←" : "";
    const text = `${rounded(multAdds / 1e6)} million${published ? `, ${percent(published.top1)}` : ""}${beyond}`;
    find(".picture svg").innerHTML =
      background +
      line(x, 0, x, 100, published ? "here" : "here unknown") +
      (published ? `<circle class="here" cx="${x}%" cy="${down(published.top1)}%" r="10"/>` : "") +
      label(x, 0, 0, -8, x < 20 ? "start" : x > 80 ? "end" : "middle", text, "here");
    find(".picture svg").setAttribute(
      "aria-label",
      `Accuracy against cost. Your network: ${text}${published ? "" : ", accuracy not published, so it is a line"}. ` +
        "The sixteen published ones are in the table below.",
    );
  }

  function showFormulas(setting) {
    const numbers = form.querySelectorAll(".formulas .numbers");
    const blocks = ["separable", "full"].map((convolution) =>
      mobilenet({ ...setting, convolution }).filter(({ name }) => name.endsWith("_7")),
    );
    blocks.forEach((block, index) => {
      numbers[index].textContent = `${block.map(factors).join(" + ")} = ${exact(total(block, "multAdds"))}`;
    });
    const [separable, full] = blocks.map((block) => total(block, "multAdds"));
    const [{ channels, size }] = blocks[1];
    numbers[2].textContent = `1/${channels[1]} + 1/9 = ${percent((100 * separable) / full)}`;
    const name = (letters) => `<i translate="no">${letters}</i>`;
    find("[data-block]").innerHTML =
      `${name("αM")} = ${channels[0]} channels become ${name("αN")} = ${channels[1]}, on a map of side ${name("ρD<sub>F</sub>")} = ${size}.`;
    for (const row of form.querySelectorAll(".formulas [data-convolution]")) {
      row.classList.toggle("chosen", row.dataset.convolution === setting.convolution);
    }
  }

  function showLayers(layers) {
    const cell = (layer, what) => {
      const share = (100 * layer[what]) / Math.max(...layers.map((other) => other[what]));
      return `<td>${exact(layer[what])}<svg aria-hidden="true"><rect width="${share}%" height="100%"/></svg></td>`;
    };
    const row = (layer) =>
      `<tr data-kind="${layer.kind}"><th scope="row">${layer.name} <span>${factors(layer)}</span></th>` +
      `${cell(layer, "multAdds")}${cell(layer, "params")}</tr>`;
    find(".layers tbody").innerHTML = layers.map(row).join("");
  }

  // Setting

  let settled;

  function chosen() {
    const numbers = names.map((name) => [name, Number(slider(name).value)]);
    return { ...Object.fromEntries(numbers), convolution: kinds.value };
  }

  function remember() {
    history.replaceState(null, "", `?${new URLSearchParams(chosen())}${location.hash}`);
  }

  function show() {
    const setting = chosen();
    for (const name of names) field(name).value = setting[name];
    const layers = mobilenet(setting);
    showFacts(setting, layers);
    showPicture(setting, layers);
    showFormulas(setting);
    showLayers(layers);
  }

  function say() {
    const facts = [...form.querySelectorAll(".facts > div")];
    const text = ({ children: [name, fact] }) => `${name.textContent}: ${fact.textContent}.`;
    find(".summary").textContent = facts.map(text).join(" ");
  }

  // Browsers stop pages that change their address many times a second, and nobody can listen that fast: both wait.
  function change(complaint = "") {
    find(".notice").textContent = complaint;
    show();
    clearTimeout(settled);
    settled = setTimeout(() => {
      remember();
      say();
    }, 300);
  }

  // Choose what is asked for, or the nearest that is allowed, and say so.
  function choose(name, text) {
    const { min, max, step, value, labels } = slider(name);
    const asked = text.trim() ? Number(text) : NaN;
    const steps = Math.round(Math.min(Math.max(Number.isNaN(asked) ? value : asked, min), max) / step);
    slider(name).value = Number((steps * step).toFixed(3)); // Firefox would keep the zeros
    if (Number(slider(name).value) === asked) return "";
    const allowed = `it goes from ${min} to ${max} in steps of ${step}`;
    return `${labels[0].textContent} cannot be “${text.slice(0, 40)}”: ${allowed}. You see ${slider(name).value}. `;
  }

  function open(address) {
    let complaint = "";
    for (const name of names) if (address.has(name)) complaint += choose(name, address.get(name));
    const kind = address.get("convolution") ?? "separable";
    if (["separable", "full"].includes(kind)) kinds.value = kind;
    else complaint += `Convolutions cannot be “${kind.slice(0, 40)}”: they are separable or full. You see ${kinds.value}. `;
    const known = [...names, "convolution"];
    for (const name of address.keys()) {
      if (![...known, "highlight"].includes(name))
        complaint += `There is no setting “${name.slice(0, 40)}”: they are ${known.join(", ")}. `;
    }
    find(".notice").textContent = complaint;
    show();
    say();
  }

  for (const name of names) {
    slider(name).addEventListener("input", () => change());
    field(name).addEventListener("change", () => change(choose(name, field(name).value)));
  }
  for (const kind of kinds) kind.addEventListener("input", () => change());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.reset();
  form.hidden = false;
  open(new URLSearchParams(location.search));
  addEventListener("load", remember); // not before: the script that highlights what was searched for reads the address
}
