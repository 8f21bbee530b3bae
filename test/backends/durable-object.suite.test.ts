import { suiteInWorkerd } from "./_workers.ts";

const main = new URL("_workers/durable-object-suite.ts", import.meta.url);

await suiteInWorkerd("DurableObjectSessionBackend", { main, durableObjects: { SESSIONS: "Sessions" } });
