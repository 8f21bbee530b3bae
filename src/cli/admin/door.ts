import { randomBytes, timingSafeEqual } from "node:crypto";
import { userInfo } from "node:os";
import type { AdminPage } from "../../admin.ts";
import { App } from "../../app/app.ts";
import { HttpError } from "../../app/http-error.ts";
import { mount } from "../../app/mount.ts";
import { type Reply, redirect } from "../../app/reply.ts";
import { login } from "../../core/verbs.ts";

/** Lets in whoever has the link, once, and then shows the page to that browser until the process ends. */
export class Door extends App {
  /** Taken away at its first use. */
  #key: Buffer | undefined = Buffer.from(randomBytes(24).toString("base64url"));

  constructor(page: AdminPage) {
    super({
      // Cookies are the same for all ports of a host, and the sessions of an application may be on another.
      cookie: { name: "micropie_admin", sameSite: "strict" },
      idle: ({ url }) => url.searchParams.has("live"),
    });
    this.middlewares.push(mount("/admin", page));
  }

  /** The path of the link. */
  get path(): string {
    return `enter/${this.#key?.toString() ?? ""}`;
  }

  enter(key: string): Reply {
    const given = Buffer.from(key);
    const own = this.#key;
    const isMeant =
      this.request.method === "GET" && own?.length === given.length && timingSafeEqual(given, own);
    if (!isMeant) throw new HttpError(404);
    this.#key = undefined;
    login(this.request.session, operator());
    return redirect("/admin/", 303);
  }
}

/** Returns who runs the command. */
function operator(): string {
  try {
    return userInfo().username || "operator";
  } catch {
    // A container may have a user without a name.
    return "operator";
  }
}
