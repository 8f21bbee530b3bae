import * as oidc from "openid-client";
import { Shop } from "./app.ts";
import { startProvider } from "./provider.ts";

const port = Number(process.env.PORT ?? 3000);
const url = `http://localhost:${port}`;
const issuer = new URL(process.env.ISSUER ?? (await startProvider(url)));
const provider = await oidc.discovery(
  issuer,
  "shop",
  process.env.CLIENT_SECRET ?? "only for trying",
  undefined,
  {
    // This one has no TLS. Yours has.
    execute: issuer.protocol === "http:" ? [oidc.allowInsecureRequests] : [],
  },
);
await new Shop(provider, url).serve({ port, hostname: "localhost" });
console.log(`
  A shop whose users sign in elsewhere: ${url}

  1. Sign in, with any name and password.
  2. Do the same in a private window.
  3. Log out in one window: at the provider too. The other one stays.
  4. End the session at the provider itself, ${issuer.href}session/end: the shop's ends with it.

  Ctrl+C stops it.
`);
