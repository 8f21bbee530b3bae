import type { Judge } from "./judge.ts";

/** S2: the store has no secret. */
export const stored: Judge = secrets("S2", "the store is given no secret", ({ kept }) => kept);

/** S3: no event and no error has a secret. */
export const spoken: Judge = secrets("S3", "no event and no error has a secret", ({ errors, heard }) => [
  ...errors,
  ...heard.map(({ text }) => text),
]);

function secrets(
  promise: string,
  rule: string,
  textsIn: (history: Parameters<Judge["judge"]>[0]["history"]) => readonly string[],
): Judge {
  return {
    promise,
    rule,
    *judge({ givenBy, history }) {
      const all = textsIn(history).join("\n");
      for (const [token, { id }] of givenBy) {
        if (all.includes(token.slice(16))) yield `the secret that request ${id} was given is told`;
      }
    },
  };
}
