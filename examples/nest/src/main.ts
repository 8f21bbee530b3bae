import "reflect-metadata";
import type { INestApplication } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { AppModule } from "./app.module.ts";
import { sessions } from "./sessions.ts";

async function onExpress(): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
  app.use(expressSessions(sessions));
  return app;
}

async function onFastify(): Promise<INestApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
    logger: ["error", "warn"],
  });
  await app.register(fastifySessions(sessions, { failedByStatus: true }));
  return app;
}

/** Creates the application, the same on either platform. */
export async function start(platform: string, port: number): Promise<void> {
  const app = await (platform === "fastify" ? onFastify() : onExpress());
  await app.listen(port, "localhost");
}
