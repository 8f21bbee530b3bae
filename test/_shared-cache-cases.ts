import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { devicesOn, type ExampleVisitor, exampleVisitor } from "./_example-visitor.ts";
import { type NginxServer, startNginx } from "./servers/nginx.ts";
import { onServer } from "./servers/on-server.ts";

const NAMES = ["annabel", "bobby"] as const;
type Name = (typeof NAMES)[number];

/**
 * What nobody gets of another user where nginx, which keeps whatever it may, stands before an example that runs at this URL.
 * `opens`: its session is there for every path, so there is nothing that nginx may keep.
 */
export async function sharedCacheCases(
  example: () => string,
  { opens = false }: { readonly opens?: boolean } = {},
): Promise<void> {
  await onServer("nginx", () => {
    describe("as a shared cache", () => {
      let nginx: NginxServer;
      beforeAll(async () => {
        nginx = await startNginx({ url: example() });
      });
      afterAll(() => nginx?.stop());

      const visitor = (jar?: Map<string, string>): ExampleVisitor => exampleVisitor(nginx.url, jar);
      const signedIn = async (name: Name): Promise<ExampleVisitor> => {
        const who = visitor();
        expect((await who.post("/login", { name })).status).toBe(303);
        return who;
      };
      /** Asks for what must not come from the cache, and sets no cookie. */
      const fresh = async (who: ExampleVisitor, path: string): Promise<Response> => {
        const response = await who.get(path);
        const { status, headers } = response;
        expect([path, status, headers.get("x-cache-status")]).toEqual([path, 200, "MISS"]);
        expect(headers.getSetCookie()).toEqual([]);
        return response;
      };
      /** Whose the page is that this visitor gets. */
      const namesOn = async (who: ExampleVisitor): Promise<Name[]> => {
        const text = await (await fresh(who, "/")).text();
        return NAMES.filter((name) => text.includes(name));
      };
      /** For which sessions the list was made that this visitor gets. */
      const handlesOf = async (who: ExampleVisitor): Promise<string[]> => {
        const response = await fresh(who, "/devices");
        return devicesOn(await response.text())
          .filter(({ current }) => current)
          .map(({ handle }) => handle);
      };
      const seesOnly = async (who: ExampleVisitor, name?: Name): Promise<void> => {
        const [names, handles] = await Promise.all([namesOn(who), handlesOf(who)]);
        expect(names).toEqual(name === undefined ? [] : [name]);
        expect(handles).toEqual(name === undefined ? [] : [who.jar.get("session_id")!.slice(0, 16)]);
      };

      test.skipIf(opens)("it keeps what looks at no session", async () => {
        const page = await (await visitor().get("/")).text();
        // Next says of what is missing that nobody may keep it.
        const [open = "/not-here"] = /(?<=")\/_next\/static\/[^"]+/.exec(page) ?? [];
        await (await visitor().get(open)).text();
        expect((await visitor().get(open)).headers.get("x-cache-status")).toBe("HIT");
      });

      test("nobody gets a page of another user, whoever looked before", async () => {
        await seesOnly(visitor());
        const ann = await signedIn("annabel");
        await seesOnly(ann, "annabel");
        await seesOnly(visitor());
        const bob = await signedIn("bobby");
        await seesOnly(bob, "bobby");
        await seesOnly(ann, "annabel");
        await seesOnly(visitor());

        const before = new Map(ann.jar);
        expect((await ann.post("/logout")).status).toBe(303);
        await seesOnly(visitor(before));
        await seesOnly(bob, "bobby");
      });

      test("nor does anybody of many at once", async () => {
        const [ann, bob] = [await signedIn("annabel"), await signedIn("bobby")];
        const rounds = Array.from({ length: 20 }, () =>
          Promise.all([seesOnly(ann, "annabel"), seesOnly(bob, "bobby"), seesOnly(visitor())]),
        );
        await Promise.all(rounds);
      });

      test("nor a stream", async () => {
        for (const who of [await signedIn("annabel"), await signedIn("bobby")])
          expect(await (await fresh(who, "/stream")).text()).toContain("end");
        // Without a session it cannot be kept at its end, and is cut off.
        const response = await visitor().get("/stream");
        expect(response.headers.get("x-cache-status")).toBe("MISS");
        await response.body?.cancel();
      });
    });
  });
}
