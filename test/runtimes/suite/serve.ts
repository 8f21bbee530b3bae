// Serves until a signal.
import app from "./counter.ts";

app.shutdownHandlers.push(() => console.log("Shut down."));
const { url } = await app.serve({ port: 0, hostname: "localhost" });
console.log(`listening on ${url}`);
