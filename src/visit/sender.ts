import { type Client, connectedAddress } from "../core/client.ts";
import { clientAddress } from "../core/trust-proxy.ts";
import { refuseCrossSite } from "./cross-site.ts";
import type { Mount } from "./mount.ts";
import { type AnyRequest, headerOf } from "./request.ts";

/** Who has sent a request, by the request itself and by what the framework knows. */
export class Sender implements Client {
  readonly mount: Mount;
  protected readonly request: AnyRequest;
  /** What the framework gives to a handler. */
  protected context: unknown;

  constructor(mount: Mount, request: AnyRequest) {
    this.mount = mount;
    this.request = request;
  }

  header(name: string): string | undefined {
    return headerOf(this.request, name);
  }

  /** Throws AccessError `cross_site` if the request is one that the option `csrf` refuses. */
  refuseCrossSite(): void {
    const { csrf } = this.mount;
    if (csrf !== undefined) refuseCrossSite(csrf, this.request);
  }

  address(): string | undefined {
    const { trust, addressOf } = this.mount;
    const told = trust === undefined ? addressOf?.(this.context as never) : undefined;
    if (told !== undefined) return clientAddress(undefined, told, null);
    return clientAddress(trust, connectedAddress(this.request), this.header("x-forwarded-for") ?? null);
  }
}
