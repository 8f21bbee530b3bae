import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { SessionError } from "micropie";
import type { DemoAnswer, RunningSite } from "micropie/testing";

/** The Nest of the example, which is not among the packages of the tests. */
const require = createRequire(new URL("../../examples/nest/package.json", import.meta.url));
const load = async <M>(name: string): Promise<M> =>
  (await import(pathToFileURL(require.resolve(name)).href)) as M;

type Decorator = (target: object, key?: string, of?: unknown) => void;
type Class = new (...args: never[]) => object;

/** What is used of Nest. */
interface Common {
  All(path: string): Decorator;
  Catch(...classes: unknown[]): Decorator;
  Controller(): Decorator;
  HttpException: new (message: string, status: number, options?: { cause: unknown }) => Error;
  Module(parts: object): Decorator;
  Req(): Decorator;
  Res(options: { passthrough: true }): Decorator;
  StreamableFile: new (stream: Readable) => object;
}
interface Core {
  BaseExceptionFilter: new (...args: unknown[]) => { catch(error: unknown, host: unknown): void };
  NestFactory: { create(module: Class, ...more: unknown[]): Promise<NestApplication> };
}

export interface NestApplication {
  use(middleware: unknown): void;
  register(plugin: unknown): Promise<unknown>;
  useGlobalFilters(filter: object): void;
  useGlobalGuards(guard: { canActivate(context: NestContext): boolean }): void;
  getHttpAdapter(): unknown;
  listen(port: number, host: string): Promise<unknown>;
  getUrl(): Promise<string>;
  close(): Promise<void>;
}

export interface NestContext {
  switchToHttp(): { getRequest(): NestRequest };
}

/** What a request of either platform has. */
export interface NestRequest {
  readonly url: string;
  readonly raw?: IncomingMessage;
  session: Record<string, unknown>;
  [as: string]: unknown;
}

/** What the application does with a request; `stream` makes what Nest sends piece by piece. */
export type NestHandler = (request: NestRequest, tools: NestTools) => unknown;

export interface NestTools {
  /** Status and headers now, and the body that Nest is to send. */
  answer(answer: DemoAnswer): unknown;
  stream(parts: AsyncIterable<string>): unknown;
  exception(status: number): Error;
}

/** Serves one handler for all paths; Nest sends what it answers, and its filters answer what it throws. */
export async function serveNest(
  platform: "express" | "fastify",
  mount: (app: NestApplication) => unknown,
  handler: NestHandler,
): Promise<RunningSite> {
  await load("reflect-metadata");
  const common = await load<Common>("@nestjs/common");
  const { BaseExceptionFilter, NestFactory } = await load<Core>("@nestjs/core");

  const stream = (parts: AsyncIterable<string>): object =>
    new common.StreamableFile(Readable.from(parts, { objectMode: false }));
  class Site {
    any(request: NestRequest, response: { status(code: number): void } & Record<string, Header>): unknown {
      return handler(request, {
        stream,
        exception: (status) => new common.HttpException("refused", status),
        answer({ status, headers, body }) {
          response.status(status);
          for (const [name, value] of Object.entries(headers))
            response[platform === "express" ? "setHeader" : "header"]!(name, value);
          return typeof body === "object" ? stream(body) : (body ?? "");
        },
      });
    }
  }
  // What `@All("{*path}") any(@Req() request, @Res({ passthrough: true }) response)` comes to.
  common.All(platform === "express" ? "{*path}" : "*")(
    Site.prototype,
    "any",
    Object.getOwnPropertyDescriptor(Site.prototype, "any"),
  );
  common.Req()(Site.prototype, "any", 0);
  common.Res({ passthrough: true })(Site.prototype, "any", 1);
  common.Controller()(Site);
  class AppModule {}
  common.Module({ controllers: [Site] })(AppModule);
  class SessionErrors extends BaseExceptionFilter {
    override catch(error: SessionError, host: unknown): void {
      super.catch(new common.HttpException("no session", error.status, { cause: error }), host);
    }
  }
  common.Catch(SessionError)(SessionErrors);

  const options = { logger: false };
  const app =
    platform === "express"
      ? await NestFactory.create(AppModule, options)
      : await NestFactory.create(
          AppModule,
          new (await load<{ FastifyAdapter: new () => object }>("@nestjs/platform-fastify")).FastifyAdapter(),
          options,
        );
  app.useGlobalFilters(new SessionErrors(app.getHttpAdapter()));
  await mount(app);
  await app.listen(0, "127.0.0.1");
  return { url: await app.getUrl(), close: () => app.close() };
}

type Header = (name: string, value: string | readonly string[]) => unknown;
