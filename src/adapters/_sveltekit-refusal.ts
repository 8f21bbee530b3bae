import { noStore } from "../visit/answer.ts";
import type { Around } from "../visit/around.ts";
import { errorAnswer } from "../visit/error-parts.ts";
import { refusalOf } from "../visit/use.ts";

/**
 * Returns the answer to a script; in place of one that tells of what a guard has thrown, the way to the sign-in, as SvelteKit tells scripts
 * of a redirect: in JSON, within a 200.
 */
export async function unlessRefused(around: Around, answered: Response): Promise<Response> {
  const refusal = refusalOf(around.visits);
  const { location } = errorAnswer(refusal);
  if (location === undefined || !(answered.status >= 400 || (await tellsError(answered)))) return answered;
  around.discard(refusal, answered);
  const response = Response.json({ type: "redirect", status: 303, location });
  noStore(response.headers);
  return response;
}

/** Returns true for data of which a part is an error. They are in the first line; others are streamed. */
async function tellsError(answered: Response): Promise<boolean> {
  const body = answered.clone().body?.pipeThrough(new TextDecoderStream());
  let line = "";
  for await (const chunk of body ?? []) {
    line += chunk;
    if (line.includes("\n")) break;
  }
  try {
    const { nodes } = JSON.parse(line.split("\n", 1)[0]!) as { nodes?: ({ type?: string } | null)[] };
    return nodes?.some((node) => node?.type === "error") ?? false;
  } catch {
    return false;
  }
}
