import { createSessions, type Session } from "micropie";
import { svelteKitSessions } from "micropie/adapters/sveltekit";
import { type AdapterSuiteOptions, adapterSuite, type DemoData } from "micropie/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { optionCases } from "../adapters/_option-cases.ts";
import { type StartMounted, useOptions } from "../adapters/_option-site.ts";
import { responseOf } from "../adapters/_response-of.ts";
import { svelteKitBuildCases } from "./_builds.ts";
import { guideCases } from "./_guide-cases.ts";
import { kitCases } from "./_sveltekit-cases.ts";
import { type SiteEvent, serveSvelteKit } from "./_sveltekit-site.ts";
import { registerCases, typeErrors } from "./_types.ts";

describe("the example", async () => {
  await guideCases("sveltekit");
});

interface Locals {
  session: Session<DemoData>;
}

const ways: Record<string, (visits: number) => Response> = {
  "/way/json": (visits) => Response.json({ visits }),
  "/way/redirect": (visits) => Response.redirect(`http://localhost/${visits}`, 307),
  "/way/bytes": (visits) => new Response(new Uint8Array(visits)),
  "/way/stream": (visits) => new Response(new Blob([`${visits}`]).stream(), { headers: { "x-a": "1" } }),
};

describe("while SvelteKit renders pages in advance", svelteKitBuildCases);

describe("in SvelteKit", () => {
  // Builds, if nothing has yet.
  beforeAll(async () => {
    const site = await serveSvelteKit({ handle: svelteKitSessions(createSessions()) });
    await site.close();
  });

  describe("the handle", () => {
    const start: AdapterSuiteOptions["start"] = (sessions, demo) =>
      serveSvelteKit({
        handle: svelteKitSessions(sessions, { onError: () => {} }),
        async answer({ url, locals }) {
          const place = locals as unknown as Locals;
          const way = ways[url.pathname];
          if (way !== undefined) {
            place.session.visits = (place.session.visits ?? 0) + 1;
            return way(place.session.visits);
          }
          return responseOf(
            await demo({
              path: url.pathname,
              get session() {
                return place.session;
              },
              set session(data) {
                place.session = data;
              },
            }),
          );
        },
      });
    for (const { name, run } of adapterSuite({ start, ways: Object.keys(ways) })) test(name, run);

    describe("options", () => {
      const mounted: StartMounted = (mounts, demo) => {
        const handles = mounts.map(({ sessions, options }) =>
          svelteKitSessions(sessions, {
            ...useOptions<{ url: URL }>(options, ({ url }) => url.pathname),
            onError: () => {},
          }),
        );
        return serveSvelteKit({
          // As `sequence` does it.
          handle: ({ event, resolve }) => {
            const from = (index: number): typeof resolve =>
              index === handles.length
                ? resolve
                : (event) => handles[index]!({ event, resolve: from(index + 1) });
            return Promise.resolve(from(0)(event));
          },
          answer: async ({ url, locals }: SiteEvent) =>
            responseOf(await demo({ path: url.pathname, session: (as) => locals[as] as Session<DemoData> })),
        });
      };
      for (const { name, run } of optionCases(mounted, { statuses: false })) test(name, run);
    });
  });

  describe("pages, actions and remote functions", kitCases);
});

describe("the types", () => registerCases("sveltekit"));

test("the example fits SvelteKit's types", () => {
  expect(typeErrors("sveltekit")).toBe("");
});
