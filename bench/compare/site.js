/** One served contender and what a probe needs of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Application } from "./application.js";
import { Client } from "./client.js";
import { HeldStore } from "./store.js";

/** How long a probe waits for what may never come: another byte, or a call of the store. */
const SHORT = 50;

export class Site {
  store = new HeldStore();
  contender;
  #application;
  #servers = [];
  #rejections = 0;

  constructor(contender, byHand) {
    this.contender = contender;
    this.#application = new Application({ byHand });
  }

  /**
   * Serves the contender for the time of `run`. `settings`: `perUser`, the number of sessions that a user may have. A second
   * application on the same store is started with `second`.
   */
  static async open(contender, { byHand = false, ...settings }, run) {
    const site = new Site(contender, byHand);
    const rejected = () => site.#rejections++;
    process.on("unhandledRejection", rejected);
    await site.#start(settings);
    try {
      return await run(site);
    } finally {
      site.store.mend();
      site.goOn();
      site.hurry();
      for (const server of site.#servers) await server.close();
      process.off("unhandledRejection", rejected);
    }
  }

  async #start(settings) {
    const server = await this.contender.start(this.store, this.#application, settings);
    this.#servers.push(server);
    return server;
  }

  /** All data is in the cookie. */
  get stateless() {
    return this.contender.stateless === true;
  }

  /** A session is there only for who has signed in. */
  get ofUsersAlone() {
    return this.contender.ofUsersAlone === true;
  }

  /** The application can keep data of its own in the session. */
  get keepsData() {
    return this.contender.keepsData !== false;
  }

  /** Promises that were rejected and that nobody looked after. */
  get rejections() {
    return this.#rejections;
  }

  goOn() {
    this.#application.goOn();
  }

  hurry() {
    this.#application.hurry();
  }

  client() {
    return new Client(this.#servers[0].url);
  }

  /** A browser of a second application: another cookie name, another secret, the same store. */
  async stranger() {
    const { url } = await this.#start({ second: true });
    return new Client(url);
  }

  /** Calls the application as a function, without a server. */
  invoke(path, cookie) {
    return this.#servers[0].invoke(path, cookie);
  }

  /** A browser that has signed in. */
  async visitor() {
    const visitor = this.client();
    await this.signIn(visitor);
    if (!(await isIn(visitor))) throw new Error("/login: the next request is not signed in");
    this.store.calls.length = 0;
    return visitor;
  }

  async signIn(client) {
    const answer = await (this.contender.signIn?.(client) ?? client.get("/login"));
    await this.store.settled();
    if (!(answer.status < 400) || client.cookie === undefined)
      throw new Error(`/login: ${answer.status}, ${client.cookie}, ${answer.body}`);
    return answer;
  }

  /** A copy of a browser with another value in the cookie that its session goes by. */
  forged(client, change) {
    return client.forged(change, this.contender.sessionCookie);
  }

  /** The same browser without what is a copy of the session in its cookies. */
  uncached(client) {
    return this.contender.uncached?.(client) ?? client;
  }

  signOut(client) {
    return this.contender.signOut?.(client) ?? client.get("/logout");
  }

  /** Two whole requests and a moment, in which anything that was on its way would have come. */
  async nothingMore() {
    for (let round = 0; round < 2; round++) await this.client().get("/none");
    await sleep(SHORT);
  }
}

/** What the application has in this browser's session, or the status of an error. */
export async function dataOf(client) {
  const { status, body } = await client.get("/read");
  return status === 200 ? JSON.parse(body) : { status };
}

/** Whether the application knows who this browser is. */
export async function isIn(client) {
  return (await dataOf(client)).user === "ann";
}

/** Waits for this, but only for a while if it may never come; answers whether it has. */
export function inTime(promise, milliseconds = 1000) {
  return Promise.race([promise.then(() => true), sleep(milliseconds, false, { ref: false })]);
}
