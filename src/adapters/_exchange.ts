import { SessionError } from "../errors.ts";
import { answerTo } from "./_answer.ts";
import { addHeaders, settleResponse } from "./_web-response.ts";
import type { WebVisit } from "./_web-visit.ts";
import { WebVisits } from "./_web-visits.ts";

/** A request and its response in the hands of an adapter that is given both, as web standards have them. */
export class Exchange {
  readonly visits: WebVisits = new WebVisits();
  readonly #tell: (error: unknown) => void;
  #settled = false;
  #failed = false;

  /** `tell` hears of what is refused, and of what comes too late to be answered. */
  constructor(tell: (error: unknown) => void) {
    this.#tell = tell;
  }

  /** The visit of these sessions under this name, if there is one. */
  find(sessions: object, as: string): WebVisit | undefined {
    return this.visits.all.find((visit) => visit.sessions === sessions && visit.as === as);
  }

  /** The handler failed, so nothing more is saved; but what it saved itself with `commit` stays. */
  fail(): void {
    this.#failed = true;
    if (this.#settled) this.visits.discard();
  }

  /** Saves, unless the handler failed. Throws what `Sessions.commit` throws; then it is for `refuse`. */
  async save(): Promise<void> {
    this.#settled = true;
    if (this.#failed) this.visits.discard();
    else await this.visits.commit();
  }

  /**
   * Saves, unless the handler failed, and answers the response with what it owes, its body watched. If saving fails,
   * the response is thrown away, and the error thrown is for `refuse`.
   */
  async settle(response: Response): Promise<Response> {
    try {
      await this.save();
    } catch (error) {
      void response.body?.cancel(error).catch(() => {});
      throw error;
    }
    return this.#failed
      ? addHeaders(response, this.visits)
      : settleResponse(response, this.visits, this.#tell);
  }

  /** Nothing is saved. Answers an error of ours with its status and no details; throws any other. */
  refuse(error: unknown): Response {
    this.visits.discard();
    if (!(error instanceof SessionError)) throw error;
    this.#tell(error);
    const { status, text } = answerTo(error);
    return addHeaders(new Response(text, { status, headers: { "Cache-Control": "no-store" } }), this.visits);
  }

  /** The Set-Cookie lines that are owed, where there is no response to put them into. */
  get cookies(): readonly string[] {
    const headers = new Headers();
    this.visits.addHeaders(headers);
    return headers.getSetCookie();
  }
}
