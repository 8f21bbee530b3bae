// Runs vitest in a folder and says which files ran and which tests failed.
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

/** They are in process groups of their own, so that nothing that a test has started outlives it. */
const running = new Set();
process.on("exit", () => running.forEach(end));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/**
 * Resolves with `{ passed, ran, failed, late }`: the files that ran, by their path in `folder`, and for each
 * that failed `{ file, text }`. It ends at the first failure. `late`: it was not done after `limit` seconds, and was ended with all that it had started.
 */
export async function runVitest(folder, args, limit) {
  const report = join(folder, ".tmp-report.json");
  rmSync(report, { force: true });
  const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
  const own = ["--bail=1", "--reporter=json", `--outputFile=${report}`];
  const child = spawn(process.execPath, [vitest, ...args, ...own], {
    cwd: folder,
    detached: true,
    stdio: "ignore",
    env: { ...process.env, NO_COLOR: "1" },
  });
  running.add(child.pid);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end(child.pid);
  }, limit * 1000);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  clearTimeout(timer);
  end(child.pid);
  running.delete(child.pid);
  const files = late ? [] : resultsOf(report);
  return {
    passed: code === 0 && !late,
    ran: files.map(({ name }) => relative(folder, name)),
    failed: files.flatMap((file) => failuresOf(file, relative(folder, file.name))),
    late,
  };
}

/** The first test that failed in a file, or its error. A file that did not run because of another's failure has none. */
function failuresOf({ message, assertionResults }, path) {
  const test = assertionResults.find(({ status }) => status === "failed");
  if (test !== undefined) return [{ file: path, text: test.fullName }];
  return message === "" ? [] : [{ file: path, text: message.split("\n", 1)[0] }];
}

/** Ends a process group; that it has ended already is no error. */
function end(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function resultsOf(report) {
  try {
    return JSON.parse(readFileSync(report, "utf8")).testResults;
  } catch {
    // It ended before it could write one: the configuration does not load, for example.
    return [];
  }
}
