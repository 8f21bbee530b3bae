import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The location of this package. Its frames are left out. */
const OWN = new URL("..", import.meta.url).href;

/** Splits a stack into the message, with anything before it, and the frames in the user's files. Shortens the paths. */
export function readStack(error: Error): { head: string[]; frames: string[] } {
  const text = error.stack || `${error.name}: ${error.message}`;
  const lines = text.split("\n");
  const first = lines.findIndex(isFrame);
  const head = first === -1 ? lines : lines.slice(0, first);
  const frames = first === -1 ? [] : lines.slice(first).filter((line) => isFrame(line) && isForeign(line));
  const users = frames.filter((line) => !line.includes("/node_modules/"));
  const shown = (users.length > 0 ? users : frames).slice(0, 5);
  return { head: trimmed(head).map(shorten), frames: shown.map((line) => shorten(line.trimEnd())) };
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line);
}

function isForeign(line: string): boolean {
  return /file:\/\/|[/\\]/.test(line) && !/\(?node:/.test(line) && !line.includes(OWN);
}

function trimmed(lines: string[]): string[] {
  const last = lines.findLastIndex((line) => line.trim() !== "");
  return lines.slice(0, last + 1);
}

/** Makes paths and file URLs below the working directory relative, and turns other file URLs into paths. */
export function shorten(text: string): string {
  const paths = text.replace(/file:\/\/[^\s)'"]+?(?=(:\d+){0,2}(\)|\s|'|"|$))/g, toPath);
  return paths.replaceAll(process.cwd() + sep, "");
}

function toPath(url: string): string {
  try {
    const path = fileURLToPath(url);
    const near = relative(process.cwd(), path);
    return near.startsWith("..") ? path : near;
  } catch {
    return url;
  }
}
