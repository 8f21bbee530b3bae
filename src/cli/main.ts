#!/usr/bin/env node
import { cli } from "./cli.ts";

// No top-level await: an application that never finishes loading must reach `beforeExit`, where load-app.ts reports it.
void cli(process.argv.slice(2)).then((exitCode) => {
  if (exitCode !== undefined) process.exitCode = exitCode;
});
