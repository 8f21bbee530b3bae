import { optionsAsMiddleware } from "./_node-options.ts";
import { suiteAsMiddleware } from "./_node-suite.ts";

suiteAsMiddleware();
optionsAsMiddleware();
