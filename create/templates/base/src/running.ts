/** A server that listens. */
export interface Running {
  readonly url: string;
  /** Resolves when the requests that it has are answered. */
  close(): Promise<void>;
}
