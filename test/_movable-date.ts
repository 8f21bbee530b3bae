// For processes that tests start with `--import`: a message of the parent puts the clock ahead by these milliseconds.
const now = Date.now;
let ahead = 0;
Date.now = () => now() + ahead;
process.on("message", (message: { ahead: number }) => {
  ({ ahead } = message);
  process.send?.("done");
});
// The server decides when the process ends.
process.channel?.unref();
