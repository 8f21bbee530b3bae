import type { IncomingMessage, ServerResponse } from "node:http";
import { App } from "../app/app.ts";
import { errorText, HttpError } from "../app/http-error.ts";
import type { Reply } from "../app/reply.ts";
import type { AppRequest } from "../app/request.ts";
import type { Awaitable } from "../backends/backend.ts";
import type { AnyData } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { answer } from "./answer.ts";
import type { Desk } from "./desk.ts";
import { isOfPage } from "./headers.ts";
import { incomingOf, nodeListener } from "./node-listener.ts";

/** The option `allow`. */
export type Allow = (request: AppRequest<AnyData>, incoming?: IncomingMessage) => Awaitable<unknown>;

const NOTHING = { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } };

/** No page reads a body; this is the least that an App can be told. */
const LIMITS = { bodySize: 1024, uploadSize: 1024, fileSize: 1024 };

/** The App that the page is. Whoever is not allowed gets the same 404 for everything. */
export class PageApp extends App<AnyData> {
  readonly listener: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  readonly #allow: Allow | undefined;
  readonly #desk: Desk;
  readonly #at: readonly string[];

  constructor(operators: Sessions, allow: Allow | undefined, desk: Desk) {
    super({
      sessions: operators,
      // The page judges by itself, once it knows that an operator asks.
      csrf: false,
      limits: LIMITS,
      idle: (request) => request.query("live") !== undefined,
    });
    this.#allow = allow;
    this.#desk = desk;
    this.#at = desk.at.split("/").filter(Boolean);
    this.listener = nodeListener((request) => this.fetch(request));
    this.shutdownHandlers.push(() => desk.history.stop());
  }

  override async fetch(request: Request): Promise<Response> {
    const response = this.#allow === undefined ? undefined : await super.fetch(request);
    // Nobody learns by an error that there is a page.
    if (response !== undefined && (isOfPage(response) || response.status >= 500)) return response;
    return new Response(errorText(404, ""), NOTHING);
  }

  /** The one route: this App is below other paths for some frameworks, and below none for others. */
  async index(...segments: string[]): Promise<Reply> {
    const { request } = this;
    const { method, raw } = request;
    const operator = await this.#allow?.(request, incomingOf(raw));
    if (typeof operator !== "string" || operator === "" || !/^(?:GET|HEAD|POST)$/.test(method))
      throw new HttpError(404);
    const isWhole = this.#at.every((each, index) => segments[index] === each);
    return answer(
      {
        desk: this.#desk,
        operator,
        isPost: method === "POST",
        query: (name) => request.query(name, ""),
        request: raw,
      },
      isWhole ? segments.slice(this.#at.length) : segments,
    );
  }
}
