import { info, type Sessions } from "micropie";
import { type AdminOptions, type AdminPage, adminPage } from "micropie/admin";
import { onTestFinished } from "vitest";
import { type Data, visitor } from "./_people.ts";

export const HOST = "http://localhost";

/** An operator in front of a page that is asked by `fetch`. */
export interface Operator {
  readonly page: AdminPage;
  readonly cookie: string;
  get(path: string): Promise<Response>;
  /** Returns the HTML of a page, which has to be there. */
  read(path: string): Promise<string>;
  post(path: string, headers?: Record<string, string>): Promise<Response>;
}

/** Makes a page, and an operator named olga who is signed in with the same sessions. */
export async function operatorOf(
  sessions: Sessions<Data>,
  options: AdminOptions<Data> = {},
): Promise<Operator> {
  const page = adminPage(sessions, {
    allow: ({ session }) => session.operator === true && info(session).userId,
    ...options,
  });
  onTestFinished(() => page.shutdown());
  const cookie = await visitor(sessions, "olga", {}, { operator: true });
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { cookie, ...(init.headers as Record<string, string>) };
    return page.fetch(new Request(`${HOST}${path}`, { ...init, headers, redirect: "manual" }));
  };
  return {
    page,
    cookie,
    get: (path) => ask(path),
    async read(path) {
      const answer = await ask(path);
      if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}.`);
      return await answer.text();
    },
    post: (path, headers = { "sec-fetch-site": "same-origin" }) => ask(path, { method: "POST", headers }),
  };
}

/** Returns the text of HTML. */
export function textOf(html: string): string {
  const text = html
    .replace(/<[^>]*>/g, " ")
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"');
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").replace(/\s+/g, " ");
}
