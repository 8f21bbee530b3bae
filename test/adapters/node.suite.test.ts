import { optionsAroundHandler } from "./_node-options.ts";
import { suiteAroundHandler } from "./_node-suite.ts";

suiteAroundHandler();
optionsAroundHandler();
