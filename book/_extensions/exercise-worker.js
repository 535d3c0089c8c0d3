// Python, away from the page: what runs for ever there can be stopped. A worker answers to no policy of the page, so
// that the page itself need not be allowed WebAssembly.
import { loadPyodide } from "./pyodide.mjs";

async function load() {
  const archive = fetch(new URL("library.zip", import.meta.url));
  archive.catch(() => {}); // awaited below
  const pyodide = await loadPyodide();
  const library = await archive;
  if (!library.ok) throw new Error(`library.zip: ${library.status}`);
  pyodide.unpackArchive(await library.arrayBuffer(), "zip");
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
