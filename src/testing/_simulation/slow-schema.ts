import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyData } from "../../core/register.ts";
import { type Environment, sleep } from "../../environment.ts";

/** A schema that refuses nothing, and takes a moment each second time: what comes meanwhile comes in between. */
export function slowSchema(environment: Environment): StandardSchemaV1<unknown, AnyData> {
  const validate = (
    value: unknown,
  ): StandardSchemaV1.Result<AnyData> | Promise<StandardSchemaV1.Result<AnyData>> => {
    const result = { value: value as AnyData };
    if (environment.random() < 0.5) return result;
    return sleep(environment, environment.random() * 0.01).then(() => result);
  };
  return { "~standard": { version: 1, vendor: "simulation", validate } };
}
