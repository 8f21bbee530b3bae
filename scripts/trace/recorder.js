// Loads a built library with a call at the entry of each function, and records the calls while it is told to.
import { registerHooks } from "node:module";
import { relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { instrument } from "./instrument.js";

const CALL = "__entered";

/** `dist` is the folder of the built library. Only one can be loaded in a process. */
export class Recorder {
  #dist;
  #functions = [];
  #entries = [];
  #isRecording = false;

  constructor(dist) {
    this.#dist = resolve(dist);
    const prefix = `${pathToFileURL(this.#dist).href}/`;
    globalThis[CALL] = (number) => {
      if (this.#isRecording) this.#entries.push(this.#functions[number]);
    };
    registerHooks({
      load: (url, context, next) => {
        const loaded = next(url, context);
        if (!url.startsWith(prefix) || !url.endsWith(".js")) return loaded;
        const file = relative(this.#dist, fileURLToPath(url));
        const add = (each) => this.#functions.push({ file, ...each }) - 1;
        return { ...loaded, source: instrument(String(loaded.source), CALL, add) };
      },
    });
  }

  /** Imports a module of the library by its path, without `.js`. */
  load(path) {
    return import(pathToFileURL(`${this.#dist}/${path}.js`).href);
  }

  start() {
    this.#isRecording = true;
  }

  /** Marks a place in the order: where the application's own code runs, for example. It counts as no call. */
  mark(name) {
    if (this.#isRecording) this.#entries.push({ mark: name });
  }

  /**
   * Returns `{ path, files, functions, calls, changes }`, counted up to the mark `until` if it was set; the path always
   * goes on to the end.
   */
  stop(until) {
    this.#isRecording = false;
    const path = this.#entries;
    const end = path.findIndex(({ mark }) => mark !== undefined && mark === until);
    return { ...count(end === -1 ? path : path.slice(0, end)), whole: count(path), path };
  }
}

/** A change of file is a call whose file is not that of the call before it. */
function count(entries) {
  const calls = entries.filter(({ mark }) => mark === undefined);
  return {
    files: new Set(calls.map(({ file }) => file)).size,
    functions: new Set(calls).size,
    calls: calls.length,
    changes: calls.filter(({ file }, index) => index > 0 && file !== calls[index - 1].file).length,
  };
}
