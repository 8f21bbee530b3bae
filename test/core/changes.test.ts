import { expect, test } from "vitest";
import { isChanged } from "../../src/core/codec.ts";

test.each([
  ['{"a":1,"b":2}', '{"a":1,"b":2}'],
  ['{"a":1,"b":2}', '{"b":2,"a":1}'],
])("%s and %s are the same data", (from, to) => {
  expect(isChanged(from, to)).toBe(false);
});

test.each([
  ["one more key", '{"a":1}', '{"a":1,"b":2}'],
  ["a value as long as before", '{"a":1}', '{"a":2}'],
  ["the same characters in other places", '{"a":12,"b":21}', '{"a":21,"b":12}'],
  ["the same characters inside a value", '{"a":[1,2]}', '{"a":[2,1]}'],
  ["the same characters in a key", '{"ab":1}', '{"ba":1}'],
])("%s is a change", (_, from, to) => {
  expect(isChanged(from, to)).toBe(true);
});
