import { systemUser } from "./home.ts";
import { type Server, startServer } from "./server.ts";

export interface PrometheusServer extends Server {
  readonly url: string;
  /** Answers a query of PromQL: a value for each series, by its labels. Throws what Prometheus says of a wrong one. */
  query(text: string): Promise<readonly PrometheusSeries[]>;
}

export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Starts a Prometheus that scrapes these addresses (`127.0.0.1:9464`) each second. */
export async function startPrometheus(targets: readonly string[]): Promise<PrometheusServer> {
  const server = await startServer({
    wanted: "prometheus",
    user: () => systemUser("prometheus", "nobody"),
    args: (port, home) => [
      `--config.file=${home.write("prometheus.yml", configuration(targets))}`,
      `--storage.tsdb.path=${home.folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    async ready(port) {
      const answer = await fetch(`http://127.0.0.1:${port}/-/ready`, { headers: { connection: "close" } });
      if (!answer.ok) throw new Error(await answer.text());
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  return Object.assign(server, {
    url,
    async query(text: string) {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`);
      const { status, error, data } = (await answer.json()) as Answer;
      if (status !== "success") throw new Error(`${error}: ${text}`);
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
  });
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

function configuration(targets: readonly string[]): string {
  const every = { scrape_interval: "1s", scrape_timeout: "1s" };
  const scrape_configs = [{ job_name: "micropie", static_configs: [{ targets }] }];
  // JSON is YAML.
  return JSON.stringify({ global: every, scrape_configs });
}
