import { ConfigError } from "../../errors.ts";
import { refuseOther } from "../_kind.ts";

/** An attribute of an item, as DynamoDB has it: a text, or a number as text. */
export interface DynamoAttribute {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
}

export type DynamoItem = Readonly<Record<string, DynamoAttribute>>;

type Texts = Record<string, string>;

interface Place {
  readonly TableName: string;
  readonly Key: Record<string, { S: string }>;
}

interface Condition {
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Texts;
  readonly ExpressionAttributeValues?: Record<string, { S: string }>;
}

/** A `DynamoDB` of `@aws-sdk/client-dynamodb` 3, with the methods used here. */
export interface DynamoLike {
  getItem(
    input: Place & { readonly ConsistentRead: boolean },
  ): Promise<{ readonly Item?: DynamoItem | undefined }>;
  putItem(
    input: Condition & {
      readonly TableName: string;
      readonly Item: Record<string, { S: string } | { N: string }>;
    },
  ): Promise<unknown>;
  deleteItem(
    input: Place & Condition & { readonly ReturnValues?: "ALL_OLD" },
  ): Promise<{ readonly Attributes?: DynamoItem | undefined }>;
  scan(input: DynamoPlace & { readonly TableName: string; readonly ConsistentRead: boolean }): Promise<{
    readonly Items?: readonly DynamoItem[] | undefined;
    readonly LastEvaluatedKey?: DynamoItem | undefined;
  }>;
}

/** Where in a table a page of it begins and ends. */
export interface DynamoPlace {
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Record<string, { S: string }>;
  readonly TotalSegments?: number;
  readonly Segment?: number;
}

const METHODS = ["getItem", "putItem", "deleteItem", "scan"] as const;

/** Throws ConfigError `backend` for anything but such a client. */
export function refuseNoClient(client: unknown): void {
  const wanted =
    "DynamoDbSessionBackend takes a client, made with new DynamoDB({}) of @aws-sdk/client-dynamodb";
  refuseOther(client, ["a DynamoDB of the AWS SDK"], wanted);
  const given = Object(client) as Record<string, unknown>;
  if (METHODS.some((name) => typeof given[name] !== "function")) throw new ConfigError("backend", wanted);
}

/** Returns the name that the SDK gives to an error. */
export function nameOf(error: unknown): unknown {
  return (Object(error) as { name?: unknown }).name;
}

/** Returns a ConfigError `table` for an error that says that the table is missing or another one, else the error itself. */
export function tableError(error: unknown, table: string): unknown {
  const name = nameOf(error);
  const { message } = Object(error) as { message?: unknown };
  const isOther = name === "ValidationException" && /key element|missing the key/i.test(String(message));
  if (name !== "ResourceNotFoundException" && !isOther) return error;
  const problem = isOther ? `the table "${table}" has another key` : `there is no table "${table}"`;
  const wanted =
    "Create one whose only key is the partition key id, of type S: docs/backends/dynamodb.md has the command.";
  return new ConfigError("table", `${problem}. ${wanted}`, { cause: error });
}
