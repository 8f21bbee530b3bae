import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

/** Starts an identity provider on this machine, which takes any name and password; returns its URL. */
export async function startProvider(app: string): Promise<string> {
  const server = createServer();
  server.listen(0, "localhost");
  await once(server, "listening");
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "shop",
        client_secret: "only for trying",
        redirect_uris: [`${app}/callback`],
        post_logout_redirect_uris: [`${app}/`],
        backchannel_logout_uri: `${app}/backchannel_logout`,
        backchannel_logout_session_required: true,
      },
    ],
    cookies: { keys: ["only for trying"] },
    // It refuses to call addresses that are not public, and the shop is on this machine.
    fetch: (url, { method, headers, body, signal }) =>
      fetch(url, { method, headers, body, signal } as RequestInit),
    features: { backchannelLogout: { enabled: true } },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  });
  server.on("request", provider.callback());
  return issuer;
}
