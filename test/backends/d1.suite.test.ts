import { suiteInWorkerd } from "./_workers.ts";

const main = new URL("_workers/d1-suite.ts", import.meta.url);

await suiteInWorkerd("D1SessionBackend", { main, d1Databases: ["DB"] });
