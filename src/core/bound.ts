// How requests stand to the devices that sessions are bound to, and what is answered; see the option `bound`.

/** How a request stands to the device that its session is bound to. */
export interface DeviceStanding {
  /**
   * `unbound`: the browser has shown no key, and need not; `bound`: it has shown it lately; `lapsed`: it has not, and this
   * route does not ask; `refused`: the request is not the session's.
   */
  readonly is: "unbound" | "bound" | "lapsed" | "refused";
  /** Whether it brought a short cookie that is worth nothing, so that the browser is to renew it. */
  readonly worn: boolean;
}

/** What a response has to carry besides the session's own cookie. */
export interface BoundDue {
  /** Set-Cookie lines. */
  readonly lines: readonly string[];
  /** Other headers. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** An answer of the endpoint. */
export interface BoundAnswer extends BoundDue {
  readonly status: number;
  readonly body: string;
}
