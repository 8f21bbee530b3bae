import type { Engine } from "../core/live.ts";
import type { CallObserver, Verb } from "../core/observed.ts";
import type { SessionError } from "../errors.ts";
import type { Attributes } from "./meter.ts";
import { outcomeOf } from "./outcome.ts";

/** `Span` of OpenTelemetry. */
export interface Span {
  setAttribute(name: string, value: string): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** `Tracer` of OpenTelemetry. */
export interface Tracer {
  startSpan(name: string, options?: { kind?: number; attributes?: Attributes }): Span;
}

/** `SpanKind.INTERNAL`: the driver's own instrumentation, if there is one, has the span of the client. */
const INTERNAL = 0;
/** `SpanStatusCode.ERROR`. */
const ERROR = 2;

/** Calls that no request makes. */
const BACKGROUND: ReadonlySet<string> = new Set(["standings", "prune", "countAll"]);

/** Calls whose first argument is a handle. */
const OF_ONE: ReadonlySet<Verb> = new Set<Verb>([
  "read",
  "create",
  "patch",
  "touch",
  "delete",
  "lock",
  "relock",
]);

/** Makes a span of each call of the back-end that a request makes, under the span that is active then. */
export class CallSpans implements CallObserver {
  readonly #tracer: Tracer;
  readonly #realm: string;
  readonly #sessionId: boolean;

  /** `sessionId`: whether a span says by its handle which session it is about. */
  constructor(tracer: Tracer, { options }: Engine, sessionId: boolean) {
    this.#tracer = tracer;
    this.#realm = options.realm;
    this.#sessionId = sessionId;
  }

  begin(verb: Verb, args: readonly unknown[]): Span | undefined {
    if (BACKGROUND.has(verb)) return undefined;
    const attributes: Attributes = { "micropie.realm": this.#realm, "micropie.backend.operation": verb };
    if (this.#sessionId && OF_ONE.has(verb)) attributes["session.id"] = args[0] as string;
    return this.#tracer.startSpan(`micropie.backend ${verb}`, { kind: INTERNAL, attributes });
  }

  end(span: unknown, verb: Verb, _: readonly unknown[], answer: unknown, error?: SessionError): void {
    if (span === undefined) return;
    const own = span as Span;
    own.setAttribute("micropie.backend.outcome", outcomeOf(verb, answer, error));
    if (error !== undefined) {
      own.setAttribute("error.type", error.code);
      own.setStatus({ code: ERROR, message: error.message });
    }
    own.end();
  }
}
