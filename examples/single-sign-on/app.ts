import { createRemoteJWKSet, jwtVerify } from "jose";
import { App, html, info, login, logout, post, redirect, reply, take } from "micropie";
import * as oidc from "openid-client";
import { button, page } from "../recipes/page.ts";

interface Data {
  /** A sign-in that is under way at the provider. */
  signIn: { verifier: string; state: string; nonce: string };
  /** The provider's own session, which this one ends with. */
  sid: string;
  idToken: string;
}

/** Seconds after the sign-in at the provider, after which a session ends here, whatever happens. */
const MOST = 8 * 3600;
const LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout";

/** An application whose users sign in at an identity provider. */
export class Shop extends App<Data> {
  readonly #provider: oidc.Configuration;
  readonly #url: string;
  readonly #keys;

  constructor(provider: oidc.Configuration, url: string) {
    super({ timeouts: { idle: "30m", absolute: "8h" } });
    this.#provider = provider;
    this.#url = url;
    this.#keys = createRemoteJWKSet(new URL(provider.serverMetadata().jwks_uri!));
  }

  index() {
    const { userId, absoluteExpiresAt = 0 } = info(this.request.session);
    if (userId === undefined) return page("Welcome", html`<p><a href="/login">Sign in</a></p>`);
    const left = Math.round(absoluteExpiresAt - Date.now() / 1000);
    return page(
      `Hello ${userId}`,
      html`<p>This ends in <output>${left}</output> s at the latest.</p> ${button("Log out", "/logout")}`,
    );
  }

  async login() {
    const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
    this.request.session.signIn = { verifier, state, nonce };
    const url = oidc.buildAuthorizationUrl(this.#provider, {
      redirect_uri: `${this.#url}/callback`,
      scope: "openid",
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      max_age: String(MOST), // who signed in there before that signs in again
    });
    return redirect(url.href);
  }

  async callback() {
    const { session, url } = this.request;
    const signIn = await take(session, "signIn"); // once, whoever comes with this link again
    if (signIn === undefined) return redirect("/");
    const tokens = await oidc.authorizationCodeGrant(this.#provider, url, {
      pkceCodeVerifier: signIn.verifier,
      expectedState: signIn.state,
      expectedNonce: signIn.nonce,
      maxAge: MOST,
    });
    const { sub, sid, auth_time, amr = [] } = tokens.claims()!;
    const left = Math.floor(MOST - (Date.now() / 1000 - auth_time!));
    login(session, sub, { by: amr as string[], timeouts: { absolute: Math.max(1, left) } });
    session.sid = String(sid);
    session.idToken = tokens.id_token!;
    return redirect("/", 303);
  }

  /** Ends the session here and at the provider, which tells all other applications. */
  logout = post(() => {
    const { session } = this.request;
    const { idToken = "" } = session;
    logout(session);
    const there = { id_token_hint: idToken, post_logout_redirect_uri: `${this.#url}/` };
    return redirect(oidc.buildEndSessionUrl(this.#provider, there).href, 303);
  });

  /** The provider itself calls this when its session ends (OpenID Connect Back-Channel Logout 1.0). */
  backchannel_logout = post(async () => {
    const { issuer } = this.#provider.serverMetadata();
    const audience = this.#provider.clientMetadata().client_id;
    const rules = { issuer, audience, typ: "logout+jwt", maxTokenAge: "2m", requiredClaims: ["jti", "sub"] };
    const token = await jwtVerify(this.request.form("logout_token", ""), this.#keys, rules).catch(
      () => undefined,
    );
    const { sub = "", sid, events, nonce } = token?.payload ?? {};
    if (!Object.hasOwn(Object(events), LOGGED_OUT) || nonce !== undefined)
      return reply(400, "No logout token");
    for await (const { handle, data } of this.sessions.list({ userId: sub }))
      if (sid === undefined || data.sid === sid) await this.sessions.revoke({ handle });
    return reply(200, "", { "cache-control": "no-store" });
  });
}
