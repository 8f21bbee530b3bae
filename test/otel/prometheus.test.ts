import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist } from "../_command.ts";
import { type ExampleServer, startExample } from "../_example-server.ts";
import { freePort } from "../_port.ts";
import { until } from "../_until.ts";
import { onServer } from "../servers/on-server.ts";
import { type PrometheusServer, startPrometheus } from "../servers/prometheus.ts";
import { openTelemetry } from "./_open-telemetry.ts";

const folder = fileURLToPath(new URL("../../examples/observed/", import.meta.url));

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
}

const dashboard = JSON.parse(readFileSync(`${folder}grafana-dashboard.json`, "utf8")) as Dashboard;

await openTelemetry();

await onServer("prometheus", () => {
  let example: ExampleServer;
  let prometheus: PrometheusServer;
  let cookie = "";

  const get = async (path: string): Promise<string> => {
    const answer = await fetch(new URL(path, example.url), { headers: { cookie } });
    const [set] = answer.headers.getSetCookie();
    if (set !== undefined) cookie = set.split(";")[0]!;
    return answer.text();
  };

  beforeAll(async () => {
    const port = await freePort();
    example = await startExample("observed", { env: { METRICS_PORT: String(port) } });
    prometheus = await startPrometheus([`127.0.0.1:${port}`]);
    // A rate is the difference of two scrapes.
    await until(async () => {
      if ((await prometheus.query("micropie_session_created_total")).length === 0)
        throw new Error("No scrape yet.");
    });
    await get("/");
    await get("/login?user=ann");
    await get("/");
    const before = cookie;
    await get("/logout");
    cookie = before;
    await get("/");
    await get("/login?user=bob");
    await until(async () => {
      const [created] = await prometheus.query("micropie_session_sign_ins_total");
      const [live] = await prometheus.query("micropie_session_live");
      if (created?.value !== 2 || live === undefined) throw new Error("Not scraped yet.");
    });
  });
  afterAll(async () => {
    await prometheus?.stop();
    await example?.stop();
  });

  test("it has what the requests did", async () => {
    const valueAt = async (query: string): Promise<number | undefined> =>
      (await prometheus.query(query))[0]?.value;
    expect(await valueAt('micropie_session_ended_total{micropie_session_end_reason="logout"}')).toBe(1);
    expect(await valueAt("micropie_session_unknown_total")).toBe(1);
    const reads = '{micropie_backend_operation="read", micropie_backend_outcome="ok"}';
    expect(await valueAt(`micropie_backend_operations_total${reads}`)).toBe(
      await valueAt(`micropie_backend_operation_duration_count${reads}`),
    );
    expect(await valueAt("micropie_session_signed_in")).toBeTypeOf("number");
  });

  describe("the dashboard of Grafana", () => {
    const queries = dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }, index) => [`${title}, ${index + 1}`, expr] as const),
    );

    test("has queries of everything that is counted", () => {
      expect(queries.length).toBeGreaterThan(15);
      const [, realm] = dashboard.templating.list;
      expect(realm?.query).toMatchObject({
        query: "label_values(micropie_session_created_total, micropie_realm)",
      });
    });

    test.each(queries)("%s answers", async (_, expr) => {
      const query = expr.replaceAll("$realm", ".*").replaceAll("$__rate_interval", "1m");
      await until(async () => {
        // Something has to happen between two scrapes: without requests nothing has a share, and no duration a median.
        await get("/");
        const series = await prometheus.query(query);
        if (!series.some(({ value }) => value >= 0)) throw new Error(`Nothing answers ${query}`);
      });
    });
  });

  test("no series has a handle or a user", async () => {
    const text = JSON.stringify(await prometheus.query('{__name__=~"micropie.*"}'));
    expect(text).toContain("micropie_session_live");
    for (const own of ["ann", "bob", cookie.split("=")[1]!.slice(0, 16)])
      expect(text).not.toContain(`"${own}`);
  });

  test("the example says why a session ended", async () => {
    const handle = cookie.split("=")[1]!.slice(0, 16);
    await get("/logout");
    const text = await get(`/why?handle=${handle}`);
    expect(text).toMatch(
      /User bob signed in.*\n(.*\n)*.* It ended because user bob logged out\.\n.* It has ended\.$/,
    );
  });
});

test("the example compiles with the types of OpenTelemetry, as they are", () => {
  ensureDist();
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  const compile = () =>
    execFileSync(process.execPath, [tsc, "--noEmit", "-p", folder], { encoding: "utf8", stdio: "pipe" });
  expect(compile()).toBe("");
});
