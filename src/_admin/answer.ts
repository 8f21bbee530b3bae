import { HttpError } from "../app/http-error.ts";
import { type Reply, redirect, reply } from "../app/reply.ts";
import { AccessError, BackendError, ConfigError } from "../errors.ts";
import { ASSETS } from "./assets.ts";
import type { Question } from "./desk.ts";
import { endSession, endUser } from "./end-page.ts";
import { OF_ASSET, OF_PAGE } from "./headers.ts";
import { documentOf, type Elsewhere, type Page, problem } from "./layout.ts";
import { overview } from "./overview.ts";
import { sessionPage } from "./session-page.ts";
import { sessionsPage } from "./sessions-page.ts";
import { userPage } from "./user-page.ts";

/** Answers an operator: every page there is, and a page that says what is wrong. */
export async function answer(question: Question, path: readonly string[]): Promise<Reply> {
  const asset = path[0] === "assets" && path.length === 2 ? ASSETS.get(path[1]!) : undefined;
  if (asset !== undefined) return reply(200, asset.text, { ...OF_ASSET, "content-type": asset.type });
  const page = await pageOf(question, path);
  if ("to" in page) {
    const { status, headers, body } = redirect(page.to, 303);
    return reply(status, body, { ...OF_PAGE, ...Object.fromEntries(headers) });
  }
  return reply(page.status ?? 200, documentOf(page, question), OF_PAGE);
}

async function pageOf(question: Question, path: readonly string[]): Promise<Page | Elsewhere> {
  try {
    return await routed(question, path);
  } catch (error) {
    return failed(error);
  }
}

async function routed(
  question: Question,
  [name = "", handle = "", verb]: readonly string[],
): Promise<Page | Elsewhere> {
  const route = [name, name === "session" ? "" : handle, verb].join("/").replace(/\/+$/, "");
  const changes = { "session//end": () => endSession(question, handle), "user/end": () => endUser(question) };
  if (Object.hasOwn(changes, route)) return changes[route as keyof typeof changes]();
  if (question.isPost) throw new HttpError(405);
  switch (route) {
    case "":
      return overview(question);
    case "sessions":
      return sessionsPage(question);
    case "session":
      return sessionPage(question, handle);
    case "user":
      return userPage(question);
  }
  throw new HttpError(404);
}

function failed(error: unknown): Page {
  if (error instanceof BackendError) {
    const cause = error.cause instanceof Error ? ` ${error.cause.name}: ${error.cause.message}` : "";
    return problem(503, "The store does not answer", `${error.message}${cause}`);
  }
  if (error instanceof ConfigError && error.option === "cursor")
    return problem(400, "Begin again", "This link leads to a page of a list that the store no longer knows.");
  if (error instanceof AccessError) return problem(403, "Refused", error.message);
  if (error instanceof HttpError) {
    const text = error.status === 405 ? "This page changes nothing." : "There is no such page.";
    return problem(error.status, error.status === 405 ? "Not like this" : "Not found", text);
  }
  throw error;
}
