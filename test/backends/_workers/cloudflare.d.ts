/** What workerd has and Node has not, as far as the Workers here use it. */
declare module "cloudflare:workers" {
  import type { D1Like } from "micropie/backends/d1";
  import type { ObjectContext, SessionsNamespace } from "micropie/backends/durable-object";

  export abstract class DurableObject {
    constructor(context: ObjectContext, env: unknown);
    protected readonly ctx: ObjectContext & { abort(reason?: string): void };
    protected readonly env: unknown;
  }
  export const env: { readonly DB: D1Like; readonly SESSIONS: SessionsNamespace };
}
