import { systemUser } from "./home.ts";
import { type Server, startServer } from "./server.ts";

export interface NginxServer extends Server {
  readonly url: string;
}

/** What nginx itself answers, to be known by. */
const SELF = "/.nginx";

/**
 * Starts an nginx in front of the server at this URL, with a cache as a careless operator sets it up: it keeps an answer of
 * any status for ten minutes, by its URL alone, with its Set-Cookie. `Cache-Control` and `Vary` are obeyed, unless they are
 * among the `ignored` headers. Each answer to a GET says in `X-Cache-Status` whether it comes from the cache: HIT.
 */
export async function startNginx(
  behind: { readonly url: string },
  { ignored = [] }: { readonly ignored?: readonly string[] } = {},
): Promise<NginxServer> {
  let folder = "";
  const server = await startServer({
    wanted: "nginx",
    user: () => systemUser("www-data", "nobody"),
    args(port, home) {
      folder = home.folder;
      const text = configuration(port, folder, new URL(behind.url).host, ["Set-Cookie", ...ignored]);
      return ["-p", `${folder}/`, "-e", "stderr", "-c", home.write("nginx.conf", text)];
    },
    async ready(port) {
      const answer = await fetch(`http://127.0.0.1:${port}${SELF}`, { headers: { connection: "close" } });
      if ((await answer.text()) !== folder) throw new Error(`Another server is on port ${port}.`);
    },
  });
  return Object.assign(server, { url: `http://127.0.0.1:${server.port}` });
}

function configuration(port: number, folder: string, host: string, ignored: readonly string[]): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    worker_processes 1;
    pid pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      ${kinds.map((kind) => `${kind}_temp_path temporary-${kind};`).join("\n      ")}
      proxy_cache_path cache keys_zone=pages:1m inactive=10m;
      # Requests of several users come on one connection.
      upstream site { server ${host}; keepalive 4; keepalive_timeout 1s; }
      server {
        listen 127.0.0.1:${port};
        location = ${SELF} { return 200 ${folder}; }
        location / {
          proxy_pass http://site;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_set_header Host $http_host;
          proxy_cache pages;
          proxy_cache_valid any 10m;
          proxy_ignore_headers ${ignored.join(" ")};
          add_header X-Cache-Status $upstream_cache_status always;
        }
      }
    }
  `;
}
