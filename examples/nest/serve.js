import { listening, port } from "../serve.js";
import { start } from "./build/nest/src/main.js";

const platform = process.env.PLATFORM ?? "express";
await start(platform, port);
listening(`Nest on ${platform === "fastify" ? "Fastify" : "Express"}`);
