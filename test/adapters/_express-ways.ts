import { once } from "node:events";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { Express, Response } from "express";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));
const FILE = `${ROOT}LICENSE`;

const CHUNKS = Array.from({ length: 40 }, (_, index) => `chunk ${index};`);

/** Ways of responding that Express has, and those of Node that people use in it. */
export const ways: Readonly<Record<string, (res: Response, visits: number) => unknown>> = {
  "/way/json": (res, visits) => res.json({ visits }),
  "/way/jsonp": (res, visits) => res.jsonp({ visits }),
  "/way/send": (res, visits) => res.send(`<p>${visits}</p>`),
  "/way/send-bytes": (res, visits) => res.send(Buffer.from(`bytes ${visits}`)),
  "/way/send-status": (res) => res.sendStatus(202),
  "/way/status-end": (res) => res.status(201).end(),
  "/way/redirect": (res, visits) => res.redirect(`/read?${visits}`),
  "/way/redirect-303": (res) => res.redirect(303, "/read"),
  "/way/location": (res) => res.location("/read").status(302).end(),
  "/way/send-file": (res) => res.sendFile(FILE),
  "/way/send-file-root": (res) => res.sendFile("LICENSE", { root: ROOT, maxAge: 60_000, etag: false }),
  "/way/download": (res) => res.download(FILE, "terms.txt"),
  "/way/attachment": (res, visits) => res.attachment("visits.txt").send(`visits: ${visits}`),
  "/way/format": (res, visits) =>
    res.format({ text: () => res.send(`visits: ${visits}`), json: () => res.json({ visits }) }),
  "/way/render": (res, visits) => res.render("package.json", { visits }),
  "/way/render-callback": (res, visits) =>
    res.render("package.json", { visits }, (error: Error | null, html: string) => {
      if (error) throw error;
      res.type("html").send(html);
    }),
  "/way/cookie": (res, visits) => res.cookie("a", "1").append("Set-Cookie", "b=2").json({ visits }),
  "/way/links": (res, visits) =>
    res.links({ next: "/read" }).vary("Accept").type("txt").end(`visits: ${visits}`),
  "/way/write-head": (res, visits) => res.writeHead(200, { "x-a": "1" }).end(`visits: ${visits}`),
  "/way/write-head-array": (res, visits) => res.writeHead(200, ["x-a", "1"]).end(`visits: ${visits}`),
  "/way/write-head-pairs": (res, visits) =>
    res.writeHead(200, [["x-a", "1"]] as unknown as string[]).end(`visits: ${visits}`),
  "/way/write": (res, visits) => {
    res.write("visits: ");
    res.end(`${visits}`);
  },
  async "/way/write-drain"(res) {
    for (const chunk of CHUNKS) if (!res.write(chunk)) await once(res, "drain");
    res.end();
  },
  "/way/flush-headers": (res) => {
    res.flushHeaders();
    res.end("flushed");
  },
  "/way/pipe": (res) => void Readable.from(CHUNKS).pipe(res),
  "/way/pipe-file": (res) => void createReadStream(FILE).pipe(res),
  "/way/pipeline": (res) => pipeline(Readable.from(CHUNKS), res),
  "/way/early-hints": (res, visits) => {
    res.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
    res.send(`visits: ${visits}`);
  },
  "/way/later": (res, visits) => void setImmediate(() => setImmediate(() => res.send(`visits: ${visits}`))),
  "/way/end-callback": (res, visits) => new Promise<void>((done) => void res.end(`visits: ${visits}`, done)),
};

/** A template engine, as small as can be. */
export function setViews(app: Express): void {
  app.set("views", ROOT);
  app.engine("json", (_path, options, done) =>
    done(null, `<p>${(options as { visits?: number }).visits}</p>`),
  );
}
