import { App, ConfigError, InMemorySessionBackend } from "micropie";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { parametersOf } from "../../src/app/parameters.ts";

const at = async (app: App, path: string): Promise<string> =>
  (await app.fetch(new Request(`http://localhost${path}`))).text();
const statusAt = async (app: App, path: string): Promise<number> =>
  (await app.fetch(new Request(`http://localhost${path}`))).status;

class Base extends App {
  inherited() {
    return "inherited";
  }
  hidden() {
    return "hidden";
  }
}
class Site extends Base {
  index() {
    return "index";
  }
  greet(name = "Guest") {
    return `Hello, ${name}!`;
  }
  add(a: string, b: string) {
    return `${a}+${b}`;
  }
  rest(first: string, ...others: string[]) {
    return [first, ...others].join("|");
  }
  old() {
    // biome-ignore lint/complexity/noArguments: older code reads its parameters this way
    return [...arguments].join("|");
  }
  field = (x: string) => `field ${x}`;
  override hidden = undefined as never;
  Kind = class {};
  number = 7;
  static fixed() {
    return "static";
  }
  get computed() {
    return () => "getter";
  }
  _private() {
    return "private";
  }
  #secret() {
    return "secret";
  }
  ws_chat() {
    return this.#secret();
  }
  override toString() {
    return "a string";
  }
}

test("a missing argument is a 400, which in production does not say how the parameter is written", async () => {
  vi.stubEnv("NODE_ENV", "production");
  onTestFinished(() => void vi.unstubAllEnvs());
  const app = new Site({ sessionBackend: new InMemorySessionBackend() });
  expect(await at(app, "/add/1")).toBe("400 Bad Request: Missing required parameter 'b'");
});

describe("a handler that is assigned after the first request", () => {
  test("replaces the handler of its route, with its own parameters", async () => {
    const app = new Site();
    expect(await at(app, "/add/1/2")).toBe("1+2");
    app.add = (a) => `only ${a}`;
    app.field = () => "no parameters";
    const { greet } = Site.prototype;
    onTestFinished(() => {
      Site.prototype.greet = greet;
    });
    Site.prototype.greet = (name = "nobody") => name;
    expect(await at(app, "/add/1")).toBe("only 1");
    expect(await statusAt(app, "/add/1/2")).toBe(404);
    expect(await at(app, "/field")).toBe("no parameters");
    expect(await at(app, "/greet")).toBe("nobody");
    app.add = undefined as never;
    expect(await at(app, "/add/1")).toBe("only 1");
  });

  test.each(["index", "late"])("is no route if its name, %s, is new; the 404 says why", async (name) => {
    const app = new App({ sessionBackend: new InMemorySessionBackend() });
    expect(await statusAt(app, "/")).toBe(404);
    Object.assign(app, { [name]: () => "late", _private: () => "private", number: 7 });
    const path = name === "index" ? "/" : `/${name}`;
    expect(await at(app, path)).toMatch(
      new RegExp(`^404 Not Found: '${name}' was assigned after the routes were read, .*Assign it before`),
    );
    for (const other of ["/_private", "/number", "/fetch", "/none"])
      expect(await at(app, other)).toBe("404 Not Found");
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await at(app, path)).toBe("404 Not Found");
  });
});

describe("routes", () => {
  test.each([
    ["/", "index"],
    ["/index", "index"],
    ["/greet", "Hello, Guest!"],
    ["/greet/", "Hello, Guest!"],
    ["/greet/Ann", "Hello, Ann!"],
    ["/greet/A%20%2F%C3%A9?x=1", "Hello, A /é!"],
    ["/%67reet/Ann", "Hello, Ann!"],
    ["/add/1/2", "1+2"],
    ["/add//2", "+2"],
    ["/rest/a/b/c", "a|b|c"],
    ["/old/a/b", "a|b"],
    ["/old", ""],
    ["/field/x", "field x"],
    ["/inherited", "inherited"],
    [
      "/add/1",
      "400 Bad Request: Missing required parameter 'b'. If it can be left out, write b: string | undefined = undefined",
    ],
    ["/greet/%zz", "400 Bad Request: The path has a malformed percent-escape"],
    ["/greet/%ff", "400 Bad Request: The path has a malformed percent-escape"],
  ])("%s returns %s", async (path, answer) => {
    expect(await at(new Site(), path)).toBe(answer);
  });

  test.each([
    "/nothing",
    "/greet/a/b",
    "/add/1/2/3",
    "/_private",
    "/%5fprivate",
    "/ws_chat",
    "/secret",
    "/%23secret",
    "/hidden",
    "/Kind",
    "/number",
    "/fixed",
    "/computed",
    "/constructor",
    "/__proto__",
    "/toString",
    "/valueOf",
    "/hasOwnProperty",
    "/fetch",
    "/serve",
    "/shutdown",
    "/request",
    "/sessions",
    "/middlewares",
    "/startupHandlers",
    "/shutdownHandlers",
    "/prototype",
    "//greet",
  ])("%s is a 404", async (path) => {
    expect(await statusAt(new Site(), path)).toBe(404);
  });

  test("an index with arguments handles paths that name no method, but no private names", async () => {
    class Pages extends App {
      index(...parts: string[]) {
        return `page ${parts.join("/")}`;
      }
      about() {
        return "about";
      }
    }
    const app = new Pages();
    expect(await at(app, "/")).toBe("page ");
    expect(await at(app, "/a%20b/c")).toBe("page a b/c");
    expect(await at(app, "/constructor")).toBe("page constructor");
    expect(await at(app, "/about")).toBe("about");
    expect(await statusAt(app, "/about/x")).toBe(404);
    expect(await statusAt(app, "/_x")).toBe(404);
    expect(await statusAt(app, "/ws_x")).toBe(404);
  });

  test("an index with one optional parameter takes one segment", async () => {
    class Page extends App {
      index(name = "home") {
        return name;
      }
    }
    const app = new Page();
    expect([await at(app, "/"), await at(app, "/x"), await statusAt(app, "/x/y")]).toEqual([
      "home",
      "x",
      404,
    ]);
  });

  test.each([
    ["slashes", "/".repeat(1e6)],
    ["segments", "/a".repeat(5e5)],
    ["encoded slashes", `/${"%2F".repeat(1e6)}`],
  ])("a path of a million %s is a 414, also if a middleware would answer", async (_, path) => {
    class Rest extends App {
      index(...parts: string[]) {
        return `${parts.length}`;
      }
    }
    const app = new Rest();
    expect(await statusAt(app, path)).toBe(414);
    app.middlewares.push({ beforeRequest: ({ route }) => route });
    expect(await statusAt(app, path)).toBe(414);
    expect(await at(app, "/a".repeat(8192))).toBe("index");
    expect(await at(new Rest(), "/a".repeat(8192))).toBe("8192");
  });

  test("/ is a 404 without an index", async () => {
    expect(await statusAt(new App(), "/")).toBe(404);
  });

  test("exclusive throws for a name that is not a route", async () => {
    await expect(new Site({ exclusive: ["nowhere"] }).serve({ port: 0 })).rejects.toThrow(ConfigError);
  });
});

describe("parametersOf", () => {
  const methods = {
    none() {},
    plain(_a: string, _b: string) {},
    defaults(_a: string, _b = ")", _c = [1, 2].map((x) => x), _d = `,${"("}`) {},
    destructured({ a, b } = { a: 1, b: 2 }, [_c]: string[] = []) {
      return a + b;
    },
    rest(_a: string, ..._more: string[]) {},
    async *generator(_a = "x") {},
    // biome-ignore format: comments inside are the point
    commented(_a: string /* , (b */, // , c)
      _b = "x" /* , */) {},
    "quoted (a"(_x: string) {},
    pageAboutArguments() {
      return "what arguments are"; // arguments
    },
    useful() {
      // biome-ignore lint/complexity/noArguments: older code reads its parameters so
      return arguments.length;
    },
  };
  test.each<[keyof typeof methods, number, number]>([
    ["none", 0, 0],
    ["plain", 2, 2],
    ["defaults", 1, 4],
    ["destructured", 0, 2],
    ["rest", 1, Number.POSITIVE_INFINITY],
    ["generator", 0, 1],
    ["commented", 1, 2],
    ["quoted (a", 1, 1],
    ["pageAboutArguments", 0, 0],
    ["useful", 0, Number.POSITIVE_INFINITY],
  ])("%s", (name, required, most) => {
    expect(parametersOf(methods[name])).toMatchObject({ required, most });
  });

  test("arrow functions, minified code, bound functions and classes", () => {
    const evaluate = (source: string): never => new Function(`return ${source}`)() as never;
    expect(parametersOf(evaluate("a=>a"))).toEqual({ required: 1, most: 1, names: ["a"] });
    expect(parametersOf(evaluate("async a=>a"))).toMatchObject({ required: 1, most: 1 });
    expect(parametersOf(evaluate("(a,b=1)=>a"))).toMatchObject({ required: 1, most: 2, names: ["a", "b"] });
    expect(parametersOf(evaluate("async(...a)=>a"))).toMatchObject({ most: Number.POSITIVE_INFINITY });
    expect(parametersOf(evaluate("{m(e=`x`,{t:r}={}){}}.m"))).toMatchObject({ required: 0, most: 2 });
    expect(parametersOf(evaluate('{["a("+")"](x){}}["a()"]'))).toMatchObject({ required: 1, most: 1 });
    expect(parametersOf(evaluate("function(a){}.bind(null)"))).toEqual({ required: 1, most: 1, names: [] });
    expect(parametersOf(evaluate("class{constructor(a){}}"))).toBe(undefined);
    expect(parametersOf(evaluate("(a=/[(]/)=>a"))).toMatchObject({ required: 0 });
  });
});
