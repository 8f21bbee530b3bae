import { cancel, intro, isCancel, select, text } from "@clack/prompts";
import { DEFAULTS, FRAMEWORKS, STORES } from "./choices.js";
import { whyNotInto } from "./folder.js";
import { Problem } from "./problem.js";

/**
 * Returns what was given, and asks in the terminal for the rest. Throws Problem with exit code 130 if the user gives up.
 * @param {import("./arguments.js").Arguments} given
 * @returns {Promise<{ folder: string, framework: string, store: string }>}
 */
export async function ask(given) {
  intro("create-micropie");
  const folder =
    given.folder ??
    (await answered(
      text({
        message: "Which folder?",
        placeholder: DEFAULTS.folder,
        defaultValue: DEFAULTS.folder,
        validate: (value) => whyNotInto(value || DEFAULTS.folder),
      }),
    ));
  const framework = given.framework ?? (await chosen("Which framework?", FRAMEWORKS, DEFAULTS.framework));
  const store = given.store ?? (await chosen("Where are sessions stored?", STORES, DEFAULTS.store));
  return { folder, framework, store };
}

/**
 * @param {string} message
 * @param {Readonly<Record<string, { title: string, hint: string }>>} choices
 * @param {string} initialValue
 */
function chosen(message, choices, initialValue) {
  const options = Object.entries(choices).map(([value, { title, hint }]) => ({ value, label: title, hint }));
  return answered(select({ message, options, initialValue }));
}

/**
 * @param {Promise<string | symbol>} answer
 * @returns {Promise<string>}
 */
async function answered(answer) {
  const value = await answer;
  if (!isCancel(value)) return /** @type {string} */ (value);
  cancel("Nothing was written.");
  throw new Problem("", 130);
}
