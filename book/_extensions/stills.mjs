// Prints the stills of the animation: node book/_extensions/stills.mjs > chapters/two-ways.svg
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { stills } = createRequire(import.meta.url)("./two-ways.js");
const [style] = readFileSync(new URL("two-ways.css", import.meta.url), "utf8").split("/* Around it");
process.stdout.write(stills(style.trim()));
