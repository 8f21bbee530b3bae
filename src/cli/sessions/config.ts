import type { Sessions } from "../../core/sessions.ts";
import type { Recorder } from "../../recorder.ts";
import { importFile } from "../load-app.ts";
import { Problem } from "../problem.ts";
import type { Store } from "./subcommand.ts";

/** Imports a module that exports `sessions`, and `recorder` if it likes. Throws `Problem`. */
export async function openConfig(file: string): Promise<Store> {
  const module = await importFile(file);
  const { sessions, recorder } = module;
  if (!isSessions(sessions)) {
    const names = Object.keys(module);
    const has = names.length === 0 ? "it exports nothing" : `it exports ${names.join(", ")}`;
    const what =
      sessions === undefined ? `has no export sessions; ${has}` : "exports something else as sessions";
    throw new Problem(`${file} ${what}.\nEnd it with: export const sessions = createSessions({ backend });`);
  }
  return { sessions, recorder: isRecorder(recorder) ? recorder : undefined, shown: file };
}

function isSessions(value: unknown): value is Sessions {
  const { list, count, revoke, backend } = Object(value) as Record<string, unknown>;
  return [list, count, revoke].every((each) => typeof each === "function") && typeof backend === "object";
}

function isRecorder(value: unknown): value is Recorder {
  return typeof (Object(value) as Record<string, unknown>).explain === "function";
}
