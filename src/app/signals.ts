type Close = () => Promise<void>;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const open = new Set<Close>();

/** Calls `close` on SIGINT and SIGTERM, then ends the process as the signal would. Returns a function that undoes this. */
export function onSignals(close: Close): () => void {
  if (open.size === 0) for (const signal of SIGNALS) process.on(signal, end);
  open.add(close);
  return () => {
    if (open.delete(close) && open.size === 0) forget();
  };
}

function forget(): void {
  for (const signal of SIGNALS) process.off(signal, end);
}

async function end(signal: NodeJS.Signals): Promise<void> {
  // Without listeners, a second Ctrl+C ends the process at once.
  const closing = [...open];
  open.clear();
  forget();
  for (const result of await Promise.allSettled(closing.map((close) => close()))) {
    if (result.status === "rejected") console.error(result.reason);
  }
  process.kill(process.pid, signal);
}
