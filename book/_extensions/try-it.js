// Try it: the book's own .tflite files say cat or dog, in the page. Nothing is loaded before there is a photo.
// A classic script like the explorer's; LiteRT itself is a module, imported when it is needed.
"use strict";
{
  const data = JSON.parse(document.getElementById("try-it-data").textContent);
  const root = document.querySelector(".try-it");
  const find = (selector) => root.querySelector(selector);
  const here = new URL(".", document.currentScript.src);
  const MOST_PIXELS = 2 ** 26; // as in mobilenet_lib.data
  // How the formats begin that every browser reads as Python does. AVIF, which Python reads too, is not one of them.
  const FORMATS = {
    JPEG: /^\xff\xd8\xff/,
    PNG: /^\x89PNG\r\n\x1a\n/,
    GIF: /^GIF8[79]a/,
    WebP: /^RIFF.{4}WEBP/s,
    BMP: /^BM/,
  };
  const STRIP = 256; // rows of a photo in memory at a time: some browsers have no larger canvas than 4096 × 4096
  const TURNS = 10;
  const PATIENCE = 1000; // milliseconds for these turns

  class Refused extends Error {} // its message is for the reader

  // From a photo to numbers, exactly as mobilenet_lib.data.read and .normalize do (a test compares).

  // Pillow's bilinear filter: for each output pixel where its inputs begin, and their weights, as Pillow rounds them.
  function filter(from, to) {
    const scale = from / to;
    const support = Math.max(scale, 1);
    return Array.from({ length: to }, (_, place) => {
      const center = (place + 0.5) * scale;
      const first = Math.max(Math.trunc(center - support + 0.5), 0);
      const last = Math.min(Math.trunc(center + support + 0.5), from);
      const weights = [];
      for (let x = first; x < last; x += 1) weights.push(Math.max(1 - Math.abs((x - center + 0.5) * (1 / support)), 0));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return { first, weights: Int32Array.from(weights, (weight) => 0.5 + (weight / sum) * 2 ** 22) };
    });
  }

  // Resizes along one direction: pixel `place` of line `line` is at line * lineStep + place * step.
  function resize(input, output, filters, lines, from, to) {
    for (let line = 0; line < lines; line += 1) {
      filters.forEach(({ first, weights }, place) => {
        for (let channel = 0; channel < 3; channel += 1) {
          let sum = 2 ** 21;
          let at = line * from.lineStep + first * from.step + channel;
          for (let index = 0; index < weights.length; index += 1, at += from.step) sum += input[at] * weights[index];
          output[line * to.lineStep + place * to.step + channel] = sum >> 22; // Uint8ClampedArray clips
        }
      });
    }
  }

  // The picture, upright, with the place (left, top) in the corner of the canvas.
  function draw(context, { bitmap, turn }, left, top) {
    context.translate(-left, -top);
    context.transform(...turn);
    context.drawImage(bitmap, 0, 0);
    context.resetTransform();
  }

  // A strip of the picture over white, as Pillow mixes it.
  function overWhite(context, picture, left, top, width, height) {
    const pixels = (bitmap) => {
      draw(context, { ...picture, bitmap }, left, top);
      return context.getImageData(0, 0, width, height).data;
    };
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    const colors = pixels(picture.colors ?? picture.bitmap);
    if (!picture.colors) return colors;
    context.clearRect(0, 0, width, height);
    const alphas = pixels(picture.bitmap);
    for (let at = 0; at < colors.length; at += 1) {
      const alpha = alphas[at | 3];
      colors[at] = (colors[at] * alpha + 255 * (255 - alpha)) / 255; // Uint8ClampedArray rounds
    }
    return colors;
  }

  // The square in the middle of a picture, and where it begins.
  function middle({ width, height }) {
    const side = Math.min(width, height);
    return { side, left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2) };
  }

  // That square, resized to size × size: RGB, a byte each.
  function square(picture, size) {
    const { side, left, top } = middle(picture);
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: Math.min(side, STRIP) });
    const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
    context.imageSmoothingEnabled = false;
    const filters = filter(side, size);
    const narrow = new Uint8ClampedArray(side * size * 3);
    for (let row = 0; row < side; row += STRIP) {
      const rows = Math.min(STRIP, side - row);
      const pixels = overWhite(context, picture, left, top + row, side, rows);
      const part = narrow.subarray(row * size * 3);
      resize(pixels, part, filters, rows, { lineStep: side * 4, step: 4 }, { lineStep: size * 3, step: 3 });
    }
    const small = new Uint8ClampedArray(size * size * 3);
    resize(narrow, small, filters, size, { lineStep: 3, step: size * 3 }, { lineStep: 3, step: size * 3 });
    return small;
  }

  const normalized = (bytes) => Float32Array.from(bytes, (byte) => Math.fround(byte / 127.5) - 1);

  // How a canvas turns what has this orientation in its EXIF data; the shift follows from the size.
  const UPRIGHT = {
    2: [-1, 0, 0, 1],
    3: [-1, 0, 0, -1],
    4: [1, 0, 0, -1],
    5: [0, 1, 1, 0],
    6: [0, 1, -1, 0],
    7: [0, -1, -1, 0],
    8: [0, -1, 1, 0],
  };

  // Where the chunks of a PNG or WebP file begin, and how long they are.
  function* chunksOf(file, format) {
    const little = format === "WebP";
    for (let at = little ? 12 : 8; at + 8 <= file.byteLength; ) {
      const size = file.getUint32(little ? at + 4 : at, little);
      const kind = String.fromCharCode(...new Uint8Array(file.buffer, little ? at : at + 4, 4));
      yield { kind, start: at + 8, size };
      at += 8 + size + (little ? size % 2 : 4);
    }
  }

  // Browsers turn what its EXIF data say is not upright, but some of them no WebP, others no PNG. So it is taken out of
  // such a file: returns the orientation, and leaves 1 in its place.
  function takeOrientation(file, format) {
    if (format === "WebP" && !(file.getUint32(12) === 0x56503858 && file.getUint8(20) & 8)) return 1; // "VP8X" says so
    const { start, size } = [...chunksOf(file, format)].find(({ kind }) => kind.toUpperCase() === "EXIF");
    const exif = start + (file.getUint32(start) === 0x45786966 ? 6 : 0); // behind "Exif"
    const little = file.getUint16(exif) === 0x4949;
    const entries = exif + file.getUint32(exif + 4, little);
    for (let entry = 0; entry < file.getUint16(entries, little); entry += 1) {
      const place = entries + 2 + 12 * entry;
      if (file.getUint16(place, little) === 0x0112) {
        const orientation = file.getUint16(place + 8, little);
        file.setUint16(place + 8, 1, little);
        if (format === "PNG") file.setUint32(start + size, checksum(new Uint8Array(file.buffer, start - 4, size + 4)));
        return orientation;
      }
    }
    return 1;
  }

  // Width and height as a PNG or a JPEG file claims them, for what is too large must not be decoded; or nothing.
  function claimed(file, format) {
    if (format === "PNG") return [file.getUint32(16), file.getUint32(20)];
    if (format !== "JPEG") return [];
    for (let at = 2; ; at += 2 + file.getUint16(at + 2)) {
      const marker = file.getUint16(at);
      if (marker < 0xffc0 || (marker >= 0xffd0 && marker <= 0xffda) || marker === 0xffff) return []; // no segment
      const frame = marker < 0xffd0 && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
      if (frame) return [file.getUint16(at + 7), file.getUint16(at + 5)];
    }
  }

  // Browsers mix half-transparent parts with white each in their own way, off by one in many a byte. So it is done here,
  // from alpha, which they agree on, and from the colors as they stand in the file: an opaque picture, or nothing if
  // all of it is opaque.
  async function colorsOf(bitmap, file, format, options) {
    if (format !== "PNG" && format !== "WebP") return undefined;
    const chunks = [...chunksOf(file, format)].map(({ kind, start, size }) => ({
      kind,
      content: new Uint8Array(file.buffer.slice(start, start + size)),
    }));
    const parts = await (format === "PNG" ? opaquePNG(chunks) : opaqueWebP(chunks));
    // In one piece: from several, Firefox does not tell what it is.
    if (parts) return createImageBitmap(new Blob([await new Blob(parts).arrayBuffer()]), options);
    return chunks.some(hasAlpha) ? straight(bitmap) : undefined;
  }

  const hasAlpha = ({ kind, content }) => (kind === "VP8X" && content[0] & 0x10) || (kind === "VP8L" && content[4] & 0x10);

  // The colors are a chunk beside that of alpha, unless the picture is lossless or moves.
  function opaqueWebP(chunks) {
    const colors = chunks.find(({ kind }) => kind === "VP8 ")?.content;
    if (!colors || !chunks.some(({ kind }) => kind === "ALPH")) return undefined;
    const even = new Uint8Array(colors.length % 2);
    const parts = ["WEBPVP8 ", word(colors.length, true), colors, even];
    return ["RIFF", word(12 + colors.length + even.length, true), ...parts];
  }

  // The rows are filtered channel by channel: what is left of them without the bytes of alpha is a PNG file, too.
  async function opaquePNG(chunks) {
    const header = chunks[0].content;
    const [depth, type, , , interlaced] = header.subarray(8);
    const palette = type === 3 && chunks.some(({ kind }) => kind === "tRNS"); // which has its alpha
    if (!palette && type !== 4 && type !== 6) return undefined;
    let data = new Blob(chunks.filter(({ kind }) => kind === "IDAT").map(({ content }) => content));
    if (!palette) {
      const bytes = await streamed(data, new DecompressionStream("deflate"));
      const [width, height] = [0, 4].map((at) => new DataView(header.buffer).getUint32(at));
      const colors = ((type - 3) * depth) / 8; // bytes of a pixel
      let from = 0;
      let to = 0;
      for (const [left, top, across, down] of interlaced ? PASSES : [[0, 0, 1, 1]]) {
        const columns = Math.ceil((width - left) / across);
        for (let row = top; row < height && columns > 0; row += down) {
          bytes[to++] = bytes[from++]; // which filter
          for (let column = 0; column < columns; column += 1, from += depth / 8)
            for (let byte = 0; byte < colors; byte += 1) bytes[to++] = bytes[from++];
        }
      }
      header[9] -= 4;
      data = new Blob([await streamed(new Blob([bytes.subarray(0, to)]), new CompressionStream("deflate"))]);
    }
    const kept = chunks.filter(({ kind }) => ["IHDR", "PLTE"].includes(kind));
    kept.push({ kind: "IDAT", content: new Uint8Array(await data.arrayBuffer()) }, { kind: "IEND", content: [] });
    const parts = kept.flatMap(({ kind, content }) => {
      const whole = new Uint8Array(4 + content.length);
      whole.set([...kind].map((letter) => letter.charCodeAt()));
      whole.set(content, 4);
      return [word(content.length), whole, word(checksum(whole))];
    });
    return [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...parts];
  }

  // First column and row of each pass of a PNG file that has them, and the steps to the next ones.
  const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

  const streamed = async (blob, stream) => new Uint8Array(await new Response(blob.stream().pipeThrough(stream)).arrayBuffer());

  function word(value, little) {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value, little);
    return new Uint8Array(view.buffer);
  }

  // CRC-32, as PNG files have it.
  function checksum(bytes) {
    const table = Uint32Array.from({ length: 256 }, (_, value) => {
      for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
      return value;
    });
    return ~bytes.reduce((sum, byte) => (sum >>> 8) ^ table[(sum ^ byte) & 0xff], ~0);
  }

  // A frame of a video gives the colors of a bitmap as they are, in Chromium and Firefox.
  async function straight(bitmap) {
    const frame = new VideoFrame(bitmap, { timestamp: 0, alpha: "keep" });
    const bytes = new Uint8ClampedArray(frame.allocationSize());
    await frame.copyTo(bytes);
    const blueFirst = frame.format.startsWith("B");
    frame.close();
    for (let at = 0; at < bytes.length; at += 4) {
      if (blueFirst) [bytes[at], bytes[at + 2]] = [bytes[at + 2], bytes[at]];
      bytes[at + 3] = 255;
    }
    return createImageBitmap(new ImageData(bytes, bitmap.width, bitmap.height));
  }

  // Whether a JPEG or a PNG file has its picture to the end: Firefox shows what there is of one that breaks off.
  function whole(file, format) {
    let at = format === "PNG" ? 8 : 2;
    if (format === "PNG") {
      while (at + 8 <= file.byteLength && file.getUint32(at + 4) !== 0x49454e44) at += 12 + file.getUint32(at); // "IEND"
      return at <= file.byteLength;
    }
    if (format !== "JPEG") return true;
    while (file.getUint16(at) > 0xffbf && file.getUint16(at) < 0xffff) {
      if (file.getUint16(at) === 0xffda) {
        const bytes = new Uint8Array(file.buffer);
        do at = bytes.indexOf(0xd9, at + 1);
        while (at > 0 && bytes[at - 1] !== 0xff);
        return at > 0; // the end, behind the first scan
      }
      at += 2 + file.getUint16(at + 2);
    }
    return true; // who knows
  }

  async function decoded(blob, name) {
    if (!blob.size) throw new Refused(`“${name}” is empty.`);
    const refuseLarge = (width, height) => {
      const pixels = width * height;
      if (pixels > MOST_PIXELS)
        throw new Refused(`“${name}” has ${exact(pixels)} pixels; at most ${exact(MOST_PIXELS)} are allowed.`);
    };
    const all = `${new Intl.ListFormat("en-GB").format(Object.keys(FORMATS))} work.`;
    const options = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };
    let file;
    let bitmap;
    let format;
    let orientation = 1;
    try {
      file = new DataView(await blob.arrayBuffer());
      const start = String.fromCharCode(...new Uint8Array(file.buffer.slice(0, 12)));
      format = Object.keys(FORMATS).find((known) => FORMATS[known].test(start));
      refuseLarge(...claimed(file, format));
      if (!whole(file, format)) throw new Error("it breaks off");
      if (format === "WebP" || format === "PNG") {
        try {
          orientation = takeOrientation(file, format);
        } catch {} // it has none, or ends too early
      }
      // Upright, and the numbers as they stand in the file, which neither a color profile nor transparency may change.
      bitmap = await createImageBitmap(new Blob([file]), options);
    } catch (error) {
      if (error instanceof Refused) throw error;
      const hint = /\.hei[cf]$/i.test(name) ? "Few browsers read HEIC: export it as JPEG." : all;
      throw new Refused(`“${name}” is not a picture that this browser can read, or it is damaged. ${hint}`);
    }
    const size = [bitmap.width, bitmap.height];
    if (!format || size[0] * size[1] > MOST_PIXELS) bitmap.close();
    if (!format) throw new Refused(`“${name}” is a picture, but of a format that this page does not read. ${all}`);
    refuseLarge(...size);
    const colors = await colorsOf(bitmap, file, format, options).catch(() => undefined); // then the browser mixes them
    const turn = UPRIGHT[orientation] ?? [1, 0, 0, 1];
    const [width, height] = turn[0] ? size : size.reverse();
    const shift = [turn[0] + turn[2] < 0 ? width : 0, turn[1] + turn[3] < 0 ? height : 0];
    return { bitmap, colors, width, height, turn: [...turn, ...shift] };
  }

  // LiteRT and the two files: each is loaded once, and what failed is forgotten, so that the next photo tries it again.

  const kept = new Map();

  function once(key, make) {
    if (!kept.has(key)) {
      const made = make();
      kept.set(key, made);
      made.catch((error) => error.final || kept.delete(key));
    }
    return kept.get(key);
  }

  const network = () => once("network", load);

  async function load() {
    if (location.protocol === "file:") {
      throw new Refused("Browsers load no network into a page that is opened as a file. Run “make serve” and open its address.");
    }
    find(".loading").hidden = false;
    try {
      const litert = await import(new URL("litert.js", here));
      const newest = await litert.supportsFeature("relaxedSimd");
      const runtime = Object.keys(data.runtimes)[newest ? 0 : 1];
      const total = data.files.reduce((sum, { bytes }) => sum + bytes, data.runtimes[runtime]);
      // Compiled before LiteRT starts: a start that fails cannot be repeated.
      const program = once("program", async () => WebAssembly.compile(await fetched(`${runtime}.wasm`, total)));
      const started = once("start", async () => start(litert, runtime, await program));
      const models = data.files.map(({ name, file }) => {
        const bytes = once(file, () => fetched(file, total));
        return once(name, async () => {
          await started;
          const model = await litert.loadAndCompile(await bytes, { accelerator: "wasm" }).catch((error) => {
            kept.delete(file);
            throw error;
          });
          const [{ shape }] = model.getInputDetails();
          return { name, model, shape: [...shape], Tensor: litert.Tensor };
        });
      });
      return await Promise.all(models);
    } catch (error) {
      const next = error.final ? "Reload the page." : "The next photo tries again.";
      throw new Refused(`The network could not be loaded (${error.message ?? error}). ${next}`);
    } finally {
      find(".loading").hidden = true;
    }
  }

  const arrived = {}; // bytes of each file

  async function fetched(file, total) {
    const response = await fetch(new URL(file, here)).catch(({ message }) => {
      throw new Error(`${file}: ${message}`);
    });
    if (!response.ok) throw new Error(`${file}: ${response.status} ${response.statusText}`);
    const reader = response.body.getReader();
    const chunks = [];
    arrived[file] = 0;
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      chunks.push(value);
      arrived[file] += value.length;
      const sum = Object.values(arrived).reduce((all, bytes) => all + bytes);
      find(".loading progress").value = sum / total;
      find(".loading span").textContent = `${(sum / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }

  async function start(litert, runtime, program) {
    // It computes on the processor, so it need not ask for a graphics device, nor complain that there is none.
    litert.Environment.create = async () => new litert.Environment({ webGpuDevice: null });
    const { define } = self; // a loader of scripts on the page would take LiteRT's script for its own
    self.define = undefined;
    try {
      await new Promise((started, failed) => {
        self.Module = {
          print() {},
          printErr() {}, // it reports what it does
          instantiateWasm(imports, done) {
            // LiteRT learns nothing of a failure here: it waits for ever, and can neither be stopped nor started anew.
            const stuck = (error) => failed(Object.assign(error, { final: true }));
            WebAssembly.instantiate(program, imports).then((instance) => done(instance, program), stuck);
          },
        };
        const script = `${runtime}.js`;
        const named = ({ message = "it could not be fetched" }) => failed(new Error(`${script}: ${message}`));
        litert.loadLiteRt(new URL(script, here).href).then(started, named);
      });
    } finally {
      self.define = define;
    }
  }

  async function run({ model, shape, Tensor }, numbers) {
    const image = new Tensor(numbers, shape);
    const outputs = await model.run({ image });
    const [probabilities, maps] = [outputs.probabilities, outputs.maps].map((tensor) => tensor.toTypedArray().slice());
    for (const tensor of [image, outputs.probabilities, outputs.maps]) tensor.delete();
    return { probabilities, maps };
  }

  // The files take turns, as in mobilenet_lib.tflite.latency: whatever else the machine does meets both alike.
  async function timed(files, numbers) {
    const times = files.map(() => []);
    const end = performance.now() + PATIENCE;
    for (let turn = 0; turn < TURNS && (turn === 0 || performance.now() < end); turn += 1) {
      for (const [index, file] of files.entries()) {
        const begin = performance.now();
        await run(file, numbers);
        times[index].push(performance.now() - begin);
      }
    }
    return times.map((all) => all.sort((a, b) => a - b)[all.length >> 1]);
  }

  // Showing

  const exact = (number) => number.toLocaleString("en-US");
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const article = { cat: "a cat", dog: "a dog" };
  const chosen = ({ probabilities }) => (probabilities[1] > probabilities[0] ? 1 : 0);
  const cell = (key, file) => find(`[data-cell=${key}][data-file=${file}]`);

  // What speaks for the second class, less what speaks for the first, at each place of the map.
  const evidence = ({ maps }) => Array.from({ length: maps.length / 2 }, (_, place) => maps[2 * place + 1] - maps[2 * place]);

  // Where most speaks for the answer, in words.
  function where(answer) {
    const sign = chosen(answer) ? 1 : -1;
    const values = evidence(answer).map((value) => sign * value);
    const side = Math.sqrt(values.length);
    const place = values.indexOf(Math.max(...values));
    const third = (position) => Math.floor((3 * (position + 0.5)) / side);
    const row = ["top", "middle", "bottom"][third(Math.floor(place / side))];
    const column = ["left", "middle", "right"][third(place % side)];
    return row === column ? "in the middle" : `at the ${row} ${column}`;
  }

  function showPicture(file, picture, answer) {
    const stack = find(`.stack[data-file=${file}]`);
    const [photo, heat] = stack.children;
    const { side, left, top } = middle(picture);
    photo.width = photo.height = 512;
    const context = photo.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.scale(512 / side, 512 / side);
    draw(context, picture, left, top);
    const values = evidence(answer);
    const most = Math.max(...values.map(Math.abs), 1e-6);
    heat.width = heat.height = Math.sqrt(values.length);
    const image = heat.getContext("2d").createImageData(heat.width, heat.height);
    values.forEach((value, place) => {
      const color = value > 0 ? [255, 120, 0] : [0, 110, 255];
      image.data.set([...color, (170 * Math.abs(value)) / most], 4 * place);
    });
    heat.getContext("2d").putImageData(image, 0, 0);
    const label = data.labels[chosen(answer)];
    stack.setAttribute("aria-label", `The middle of your photo. What speaks for ${article[label]} is strongest ${where(answer)}.`);
  }

  function verdict(files, answers) {
    const kinds = answers.map((answer) => article[data.labels[chosen(answer)]]);
    const shares = answers.map(({ probabilities }) => percent(Math.max(...probabilities)));
    if (new Set(kinds).size > 1) return `${files.map(({ name }, index) => `${name} says ${kinds[index]} (${shares[index]})`).join(", ")}.`;
    return `${kinds[0].replace("a", "A")}: ${files.map(({ name }, index) => `${shares[index]} in ${name}`).join(", ")}.`;
  }

  function showAnswer(files, picture, answers, count) {
    files.forEach(({ name }, index) => {
      showPicture(name, picture, answers[index]);
      data.labels.forEach((label, number) => {
        const share = answers[index].probabilities[number];
        const value = Object.assign(document.createElement("data"), { value: share, textContent: percent(share) });
        const bar = Object.assign(document.createElement("meter"), { value: share });
        bar.setAttribute("aria-hidden", "true"); // the number says the same
        bar.dataset.class = label;
        cell(label, name).replaceChildren(value, bar);
      });
      cell("time", name).textContent = "…";
    });
    const alone = count > 1 ? ` It looked only at the first of ${count} pictures.` : "";
    find(".notice").textContent = "";
    find(".answer").textContent = `${verdict(files, answers)} It looked mostly ${where(answers[0])}.${alone}`;
    find(".result").hidden = false;
  }

  let latest = 0;

  // Everything that gives a picture ends here. The latest one wins.
  async function look(source, name, count = 1) {
    const mine = ++latest;
    const late = () => mine !== latest;
    closeCamera();
    find(".notice").textContent = "";
    find(".answer").textContent = "Looking …";
    find(".result").setAttribute("aria-busy", "true");
    try {
      const blob = await source();
      const picture = await decoded(blob, name);
      const files = await network();
      if (late()) return;
      const numbers = normalized(square(picture, files[0].shape[1]));
      const answers = [];
      for (const file of files) answers.push(await run(file, numbers));
      if (late()) return;
      showAnswer(files, picture, answers, count);
      picture.bitmap.close();
      picture.colors?.close();
      await new Promise((shown) => setTimeout(shown, 50)); // first the answer, then the clock
      const medians = await timed(files, numbers);
      if (late()) return;
      files.forEach((file, index) => (cell("time", file.name).textContent = `${medians[index].toFixed(1)} ms`));
    } catch (error) {
      if (!late()) complain(error);
    } finally {
      if (!late()) find(".result").setAttribute("aria-busy", "false");
    }
  }

  function complain(error) {
    const known = error instanceof Refused;
    find(".notice").textContent = known ? error.message : `Something went wrong: ${error.message ?? error}`;
    find(".answer").textContent = "";
    find(".result").hidden = true;
  }

  // Ways to give a picture

  function take(files) {
    const pictures = [...files].filter(({ type }) => type.startsWith("image/"));
    const [first] = pictures.length ? pictures : files;
    if (first) look(async () => first, first.name, pictures.length);
    else find(".notice").textContent = "There is no picture in that. Save it as a file and choose it.";
  }

  for (const input of root.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      if (input.files.length) take(input.files);
      input.value = ""; // so that the same file can be chosen again
    });
  }

  const dragged = (event) => {
    event.preventDefault(); // or the browser would leave the page for the photo
    find(".drop").classList.toggle("over", event.type === "dragover");
  };
  for (const type of ["dragover", "dragleave", "drop"]) addEventListener(type, dragged);
  addEventListener("drop", (event) => take(event.dataTransfer.files));
  addEventListener("paste", (event) => {
    if (event.target.closest?.("input[type=search], input[type=text], textarea")) return;
    if (event.clipboardData.files.length) take(event.clipboardData.files);
  });

  for (const [kind, names] of Object.entries(data.samples)) {
    let next = 0;
    find(`[data-way=${kind}]`).addEventListener("click", () => {
      const name = names[next++ % names.length];
      look(async () => {
        try {
          const response = await fetch(new URL(name, here));
          if (!response.ok) throw new Error(response.statusText);
          return await response.blob();
        } catch (error) {
          throw new Refused(`The drawing could not be loaded (${error.message}).`);
        }
      }, name);
    });
  }

  const video = find("video");
  const shoot = find("[data-way=shoot]");

  function closeCamera() {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    find(".camera").hidden = shoot.disabled = true;
  }

  // On a phone the camera's own program is better than a small picture in a page.
  const phone = matchMedia("(pointer: coarse)").matches;
  find("[data-way=phone]").hidden = !phone;
  find("[data-way=camera]").hidden = phone || !navigator.mediaDevices?.getUserMedia;
  find("[data-way=camera]").addEventListener("click", async () => {
    find(".notice").textContent = "";
    closeCamera();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      closeCamera(); // meanwhile the button may have been pressed again
      video.srcObject = stream;
      find(".camera").hidden = false;
    } catch (error) {
      const reason = error.name === "NotAllowedError" ? "it is not allowed to this page" : "there is none, or it is in use";
      complain(new Refused(`The camera cannot be used: ${reason}. Choose a photo instead.`));
    }
  });
  video.addEventListener("playing", () => {
    shoot.disabled = false;
    shoot.focus();
  });
  find("[data-way=close]").addEventListener("click", () => {
    closeCamera();
    find("[data-way=camera]").focus();
  });
  shoot.addEventListener("click", () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    look(() => new Promise((made) => canvas.toBlob(made)), "the photo");
    find("[data-way=camera]").focus();
  });

  find("[name=heat]").addEventListener("change", (event) => root.classList.toggle("plain", !event.target.checked));
  root.hidden = false;
}
