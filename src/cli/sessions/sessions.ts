import { nearest } from "../../option-names.ts";
import { misuse } from "../options.ts";
import { failure, isOurs } from "./failure.ts";
import { helpFor, sessionsHelp } from "./help.ts";
import { openStore } from "./open.ts";
import { readStoreUrl } from "./store-url.ts";
import { helpOf } from "./subcommand.ts";
import { SUBCOMMANDS } from "./subcommands.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const HOW = "micropie sessions --help";

/** Runs `micropie sessions`. Resolves to the exit code. Throws `Problem`. */
export async function runSessions(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    console.log(sessionsHelp());
    return name === undefined ? 2 : 0;
  }
  const found = SUBCOMMANDS.find((each) => each.name === name);
  if (found === undefined) {
    const names = SUBCOMMANDS.map((each) => each.name);
    const near = nearest(name, names);
    const hint = near === undefined ? `It is one of ${names.join(", ")}` : `Did you mean ${near}?`;
    throw misuse(`there is no subcommand "${name}". ${hint}`, HOW);
  }
  const read = found.read(rest);
  if (read === undefined) {
    console.log(helpFor(found));
    return 0;
  }
  const { values, work } = read;
  const terminal = ownTerminal(values.json ?? false);
  const how = helpOf(name);
  const store = await openStore(values, environment, how);
  try {
    const code = await work(store, terminal);
    tellDamaged(store.damaged(), values.config === undefined, terminal);
    return code;
  } catch (error) {
    const text = values.store ?? environment.MICROPIE_STORE;
    const password =
      text === undefined || values.config !== undefined
        ? undefined
        : readStoreUrl(text, {}, "--store", how).password;
    throw isOurs(error) ? error : failure(error, { shown: store.shown, password, option: "--store" });
  } finally {
    await store.close().catch(() => {});
  }
}

function tellDamaged(count: number, isUrl: boolean, terminal: Terminal): void {
  if (count === 0) return;
  const many = count === 1 ? "1 record" : `${count} records`;
  const hint = isUrl ? " If the application encrypts them, use --config." : "";
  terminal.say(`${many} could not be read, and ${count === 1 ? "is" : "are"} left out.${hint}`);
}
