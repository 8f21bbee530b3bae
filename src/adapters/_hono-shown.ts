import type { Context } from "hono";
import { aroundOf } from "../visit/around.ts";
import { expose, inherited } from "../visit/expose.ts";

/** What Hono's context shows while a session is in use. Shared by all requests, as making accessors for each is slow. */
export const SHOWN: PropertyDescriptorMap & ThisType<Context> = {
  var: {
    configurable: true,
    get() {
      const variables = inherited(this, "var") as object;
      for (const visit of aroundOf(this)!.visits) expose(visit, variables);
      return variables;
    },
  },
  // Middleware on both sides of ours sees the headers that the response must have, and Hono takes it from here.
  res: {
    configurable: true,
    get() {
      const response = Reflect.get(Object.getPrototypeOf(this), "res", this);
      const shown = this.finalized ? aroundOf(this)!.show(response) : response;
      if (shown !== response) {
        // Without this, Hono copies the headers of the previous response.
        this.res = undefined;
        this.res = shown;
      }
      return shown;
    },
    set(response) {
      Reflect.set(Object.getPrototypeOf(this), "res", response, this);
    },
  },
};
