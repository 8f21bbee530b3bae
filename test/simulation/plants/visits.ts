import type { Plant } from "../plant.ts";

/** The faults of what is between the engine and a framework. */
export const VISITS: readonly Plant[] = [
  {
    name: "the answer does not wait for the save",
    file: "src/visit/around.ts",
    find: "      if (saving !== undefined) await saving;\n",
    replace: "      if (saving instanceof Promise) saving.catch(() => {});\n",
  },
  {
    name: "a failed save is answered as done",
    file: "src/visit/around.ts",
    find: "      if (saving !== undefined) await saving;\n",
    replace: "      if (saving instanceof Promise) await saving.catch(() => {});\n",
  },
  {
    name: "a handler that throws saves all the same",
    file: "src/visit/around.ts",
    find: "    } catch (error) {\n      this.discard(error, response);\n",
    replace: "    } catch (error) {\n      await this.commit();\n      this.discard(error, response);\n",
  },
  {
    name: "one request is answered with the cookie of another",
    file: "src/visit/visit.ts",
    find: 'const cookie = headerOf(this.request, "cookie");',
    replace:
      'const cookie = ((globalThis as { first?: string }).first ??= headerOf(this.request, "cookie") as string);',
  },
  {
    name: "the cookie lacks HttpOnly",
    file: "src/core/set-cookie.ts",
    find: '(httpOnly ? "; HttpOnly" : "")',
    replace: '(httpOnly ? "" : "")',
  },
  {
    name: "the cookie of a session that has ended stays in the browser",
    file: "src/visit/answer.ts",
    find: "return line === undefined || carrier !== undefined ? [] : [...farewells, line];",
    replace:
      'return line === undefined || carrier !== undefined || line.includes("=;") ? [] : [...farewells, line];',
  },
  {
    name: "the cookie comes twice",
    file: "src/visit/answer.ts",
    find: "return line === undefined || carrier !== undefined ? [] : [...farewells, line];",
    replace: "return line === undefined || carrier !== undefined ? [] : [...farewells, line, line];",
  },
  {
    name: "the adapter does not ask for exclusive use",
    file: "src/adapters/fetch.ts",
    find: "const mount = { ...mountOf<Request>(sessions, options, ({ url }) => url, { names }), varies: true };",
    replace:
      "const mount = { ...mountOf<Request>(sessions, { ...options, exclusive: false }, ({ url }) => url, { names }), varies: true };",
  },
  {
    name: "the adapter lets the handler answer after an error of the store",
    file: "src/adapters/fetch.ts",
    find: "return outer === undefined ? new Around(mount, request).run(request, handle) : handle(outer);",
    replace:
      "return outer === undefined ? new Around(mount, request).run(request, handle, () => new Response(null, { status: 204 })) : handle(outer);",
  },
];
