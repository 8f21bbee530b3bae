/** The client that sent a request. Nothing of it is read before somebody signs in, or listens to `device_changed`. */
export interface Client {
  /** Returns a header of the request, by its name in lower case. */
  header(name: string): string | undefined;
  /** Returns the IP address that the request came from; undefined if it is not known. */
  address(): string | undefined;
}

interface Connected {
  readonly ip?: unknown;
  readonly socket?: { readonly remoteAddress?: unknown } | null;
}

/** Returns the address in a request of Node, or where servers of web Requests put it (srvx: `ip`); undefined if there is none. */
export function connectedAddress(request: object): string | undefined {
  const { ip, socket } = request as Connected;
  const address = ip ?? socket?.remoteAddress;
  return typeof address === "string" ? address : undefined;
}
