import { login, logout, type Sessions } from "micropie";

const NAMES = ["ann", "carla", "dora", "emil", "farid", "greta", "hugo", "ines", "jon", "kim"];
const GOODS = ["tea", "coffee", "bread", "jam", "soap"];
const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
];

/** Made-up customers come, fill a cart, sign in, look around, and log out: a few now, and one every other second from now on. */
export async function bringCustomers(sessions: Sessions<{ cart: string[] }>): Promise<void> {
  for (let n = 0; n < 20; n++) await come(sessions);
  setInterval(() => void come(sessions), 2000).unref();
}

async function come(sessions: Sessions<{ cart: string[] }>): Promise<void> {
  const address = `198.51.100.${Math.floor(Math.random() * 250)}`;
  const headers = new Headers({ "user-agent": pick(AGENTS) });
  const ask = () => Object.assign(new Request("http://localhost/", { headers }), { ip: address });
  const first = await sessions.load(ask());
  first.cart = [pick(GOODS)];
  if (Math.random() < 0.7) login(first, pick(NAMES), { by: ["password"] });
  headers.set("cookie", (await sessions.commit(first))!.split(";")[0]!);
  setTimeout(async () => {
    const later = await sessions.load(ask());
    if (Math.random() < 0.6) logout(later);
    else later.cart = [...(later.cart ?? []), pick(GOODS)];
    await sessions.commit(later);
  }, 20_000 * Math.random()).unref();
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)]!;
}
