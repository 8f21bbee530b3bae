import { startServer } from "micropie/app/server";
import { onTestFinished } from "vitest";
import { type ExampleVisitor, exampleVisitor } from "../_example-visitor.ts";

/** The default export of a recipe: what `npx micropie` serves. */
interface Recipe {
  fetch(request: Request): Response | Promise<Response>;
  serve?(options: object): Promise<{ readonly url: string; close(): Promise<void> }>;
}

/** Serves a recipe as `npx micropie` does, until the test is over; returns its URL. */
export async function recipe(name: string): Promise<string> {
  const { default: app } = (await import(`../../examples/recipes/${name}.ts`)) as { default: Recipe };
  return await served(app);
}

export async function served(app: Recipe): Promise<string> {
  const place = { port: 0, hostname: "localhost" };
  if (app.serve !== undefined) {
    const server = await app.serve({ ...place, signals: false });
    onTestFinished(() => server.close());
    return onLocalhost(server.url);
  }
  const server = await startServer({ ...place, fetch: (request) => app.fetch(request) });
  onTestFinished(() => server.close(true));
  return onLocalhost(server.url!);
}

/** The same place by the name at which browsers accept a Secure cookie. */
function onLocalhost(url: string): string {
  return `http://localhost:${new URL(url).port}`;
}

export const ANN = { name: "ann", password: "correct horse" };
export const BEN = { name: "ben", password: "battery staple" };

/** A browser that has signed in with the recipe's form. */
export async function signedIn(
  url: string,
  user: Record<string, string> = ANN,
  agent = "Mozilla/5.0",
): Promise<ExampleVisitor> {
  const visitor = exampleVisitor(url, new Map(), { "user-agent": agent });
  const { status } = await visitor.post("/login", user);
  if (status !== 303) throw new Error(`The sign-in was answered with ${status}.`);
  return visitor;
}

export async function textOf(answer: Response | Promise<Response>): Promise<string> {
  return await (await answer).text();
}
