/** A visitor with a cookie jar, for the checks before a measurement and for making sessions. */

export class Visitor {
  #cookies = new Map();

  constructor(port) {
    this.origin = `http://127.0.0.1:${port}`;
  }

  /** What a browser would send, or undefined. */
  get cookie() {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? undefined : pairs.join("; ");
  }

  async get(path) {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
    const response = await fetch(this.origin + path, { headers });
    const set = response.headers.getSetCookie();
    for (const line of set) {
      const [pair] = line.split(";", 1);
      const equals = pair.indexOf("=");
      this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    return {
      status: response.status,
      body: await response.text(),
      setCookie: set,
      headers: [...response.headers.keys()].sort(),
      type: response.headers.get("content-type"),
    };
  }
}
