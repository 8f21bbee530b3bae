/** One served contender and what a probe needs of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Application } from "./application.js";
import { Client } from "./client.js";
import { HeldStore } from "./store.js";

/** How long a probe waits for what may never come: another byte, or a call of the store. */
const SHORT = 50;

export class Site {
  store = new HeldStore();
  #contender;
  #application;
  #server;
  #rejections = 0;

  constructor(contender, byHand) {
    this.#contender = contender;
    this.#application = new Application({ byHand });
  }

  /** Serves the contender for the time of `run`. */
  static async open(contender, byHand, run) {
    const site = new Site(contender, byHand);
    const rejected = () => site.#rejections++;
    process.on("unhandledRejection", rejected);
    site.#server = await contender.start(site.store, site.#application);
    try {
      return await run(site);
    } finally {
      site.store.mend();
      site.goOn();
      site.hurry();
      await site.#server.close();
      process.off("unhandledRejection", rejected);
    }
  }

  /** All data is in the cookie. */
  get stateless() {
    return this.#contender.stateless === true;
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
    return new Client(this.#server.url);
  }

  /** A browser that has signed in. */
  async visitor() {
    const visitor = this.client();
    const { status } = await visitor.get("/login");
    await this.store.settled();
    if (status !== 200 || visitor.cookie === undefined)
      throw new Error(`/login: ${status}, ${visitor.cookie}`);
    if (!(await isIn(visitor))) throw new Error("/login: the next request is not signed in");
    this.store.calls.length = 0;
    return visitor;
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
