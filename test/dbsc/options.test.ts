import { ConfigError, createSessions, type ConfigError as Wrong } from "micropie";
import { type DbscOptions, dbsc } from "micropie/dbsc";
import { describe, expect, test } from "vitest";

const optionOf = (make: () => unknown): string | undefined => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Wrong).option;
  }
  return undefined;
};

describe("an option that is wrong is named at start:", () => {
  const wrong: [option: string, options: object][] = [
    ["bound.policy", { policy: "always" }],
    ["bound.life", { life: "ten" }],
    ["bound.life", { life: 0 }],
    ["bound.life", { life: 600_000 }],
    ["bound.unboundLife", { unboundLife: "1h" }],
    ["bound.unboundLife", { policy: "shorten", unboundLife: "5s" }],
    ["bound.paths", { paths: ["pay"] }],
    ["bound.paths", { paths: "/pay" }],
    ["bound.endpoint", { endpoint: "key" }],
    ["bound.endpoint", { endpoint: '/key"' }],
    ["bound.algorithms", { algorithms: [] }],
    ["bound.algorithms", { algorithms: ["none"] }],
    ["bound.polcy", { polcy: "prefer" }],
  ];
  test.each(wrong)("%s", (option, options) => {
    expect(optionOf(() => dbsc(options as DbscOptions))).toBe(option);
  });

  test("and one that contradicts the cookie", () => {
    expect(optionOf(() => createSessions({ bound: {} as never }))).toBe("bound");
    expect(optionOf(() => createSessions({ bound: dbsc(), cookie: { secure: false } }))).toBe("bound");
    const outside = dbsc({ endpoint: "/key" });
    expect(optionOf(() => createSessions({ bound: outside, cookie: { path: "/shop" } }))).toBe(
      "bound.endpoint",
    );
    expect(optionOf(() => createSessions({ bound: dbsc(), cookie: { path: "/shop" } }))).toBeUndefined();
  });
});
