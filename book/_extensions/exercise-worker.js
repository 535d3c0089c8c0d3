// Python, away from the page: what runs for ever there can be stopped. A worker answers to no policy of the page, so
// that the page itself need not be allowed WebAssembly.
import { loadPyodide } from "./pyodide.mjs";

async function fetched(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.arrayBuffer();
}

async function load() {
  // Pyodide waits for ever for a pyodide.asm.wasm that does not come. Once it is here, the browser has it at hand.
  const [library] = await Promise.all([fetched("library.zip"), fetched("pyodide.asm.wasm")]);
  const pyodide = await loadPyodide();
  pyodide.unpackArchive(library, "zip");
  return pyodide.pyimport("exercise_run").run;
}

const loaded = load();
loaded.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ failed: error.message }),
);

onmessage = async ({ data: { id, code, exercise } }) => {
  const run = await loaded;
  try {
    postMessage({ id, result: JSON.parse(run(code, exercise)) });
  } catch (error) {
    postMessage({ id, failed: error.message });
  }
};
