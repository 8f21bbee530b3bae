import type { Groups } from "./cases.ts";
import { self } from "./self.ts";
import type { Answer, Put } from "./worker-groups.ts";

/** A Worker: asked for `/run` it runs a case, and answers 204 or what went wrong; all else is for what the case serves. */
export function workerFor(groupsOf: (put: Put) => Groups): { fetch: Answer } {
  let here = "";
  let site: Answer | undefined;
  const groups = groupsOf((answer) => {
    site = answer;
    return {
      url: here,
      close() {
        site = undefined;
      },
    };
  });

  async function run(request: Request): Promise<Response> {
    const [group, name] = (await request.json()) as [string, string];
    try {
      await groups[group]!.find((each) => each.name === name)!.run();
      return new Response(null, { status: 204 });
    } catch (error) {
      return new Response(error instanceof Error ? error.stack : String(error), { status: 500 });
    }
  }
  return {
    async fetch(request, env, context) {
      const { pathname, origin } = new URL(request.url);
      const { SELF } = env as { SELF: { fetch: typeof fetch } };
      here = origin;
      self.fetch = (input, init) => SELF.fetch(input, init);
      if (pathname === "/run") return run(request);
      return site?.(request, env, context) ?? new Response("Nothing is served.", { status: 500 });
    },
  };
}
