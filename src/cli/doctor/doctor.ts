import { codeOf } from "../problem.ts";
import { type Answer, ask } from "./answer.ts";
import type { Examination } from "./arguments.ts";
import { type Diagnosis, diagnose } from "./diagnosis.ts";
import { type Finding, shownUrl } from "./finding.ts";
import { cookiesLeft } from "./session-cookie.ts";

/** Looks at the session cookie of a running server, and prints what is wrong. Resolves to the exit code: 1 if something is. */
export async function doctor(examination: Examination): Promise<0 | 1> {
  const diagnosis = await examine(examination);
  console.log(examination.json ? asJson(examination, diagnosis) : asText(examination, diagnosis));
  return diagnosis.findings.length === 0 ? 0 : 1;
}

async function examine(examination: Examination): Promise<Diagnosis> {
  let answers: [Answer, Answer];
  try {
    const first = await ask(examination);
    answers = [first, await ask(examination, cookiesLeft(first))];
  } catch (error) {
    return { cookie: undefined, findings: [unreachable(examination, error)] };
  }
  return diagnose(examination, answers);
}

function asText(examination: Examination, { cookie, findings }: Diagnosis): string {
  const url = shownUrl(examination.url);
  if (findings.length === 0) return `${url}: the session cookie ${cookie?.name} is right.`;
  const what = cookie === undefined ? "" : ` with the session cookie ${cookie.name}`;
  const lines = findings.map(
    ({ code, seen, why, fix }) => `\n${code}\n  seen: ${seen}\n  why:  ${why}\n  fix:  ${fix}`,
  );
  const count = findings.length === 1 ? "1 problem" : `${findings.length} problems`;
  return [`${url}: ${count}${what}`, ...lines].join("\n");
}

function asJson(examination: Examination, { cookie, findings }: Diagnosis): string {
  const result = {
    url: shownUrl(examination.url),
    ok: findings.length === 0,
    cookie: cookie?.name ?? null,
    problems: findings,
  };
  return JSON.stringify(result, null, 2);
}

function unreachable({ url }: Examination, error: unknown): Finding {
  const code = codeOf(error);
  return {
    code: "unreachable",
    seen: `no answer from ${url.origin}: ${code ?? (error instanceof Error ? error.message : String(error))}`,
    why: "Without an answer there is nothing to look at.",
    fix: fixFor(code, url),
  };
}

function fixFor(code: string | undefined, { protocol, host, hostname }: URL): string {
  if (code === "ECONNREFUSED") return `Start the server, or correct the port: nothing listens on ${host}.`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `Correct the name: ${hostname} has no address.`;
  if (code?.includes("CERT") || code?.includes("VERIFY"))
    return "If the certificate is your own, name the file of its authority in the variable NODE_EXTRA_CA_CERTS.";
  const other = protocol === "https:" ? "http" : "https";
  return `Is the server up, and does it speak ${protocol.slice(0, -1)}? Otherwise: micropie doctor ${other}://${host}`;
}
