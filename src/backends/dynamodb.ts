import { randomBytes } from "node:crypto";
import { snapshot } from "../record/record.ts";
import { recordIn } from "./_cas/record-text.ts";
import {
  type DynamoItem,
  type DynamoLike,
  type DynamoPlace,
  nameOf,
  refuseNoClient,
  tableError,
} from "./_dynamodb/client.ts";
import { type DynamoDbOptions, resolveOptions } from "./_dynamodb/options.ts";
import { isAskedFor, isHandle, pageOfUser, wrongCursor } from "./_scan.ts";
import type { ScanOptions, ScanPage, SessionCount, UserSession } from "./backend.ts";
import { CasSessionBackend, type Found } from "./cas.ts";

export type { DynamoAttribute, DynamoItem, DynamoLike, DynamoPlace } from "./_dynamodb/client.ts";
export type { DynamoDbOptions } from "./_dynamodb/options.ts";

/** What an item has at most (400 kB), without the names and values of the other attributes. */
const MOST_BYTES = 400 * 1024 - 400;

/** Seconds after its deadline when DynamoDB may delete an item: more than clocks are ever off by. */
const SLACK = 3600;

/** Seconds since 1970, at the end of the year 9999. */
const LAST_MOMENT = 253_402_300_799;

/** How many of the last writes an item names. */
const WRITES = 8;

/** Into how many parts the largest table is divided, to count one of them; DynamoDB takes up to a million. */
const MOST_PARTS = 8 ** 6;

/** What DynamoDB looks at for a page begins after a key, which is our cursor. */
const KEY = /^([\w-]{16}|user_[\w-]{43})$/;

/**
 * Stores sessions in a table of DynamoDB, which any number of processes may share: one item per session.
 *
 * Takes a client that you have created, a `DynamoDB` of `@aws-sdk/client-dynamodb` 3, and never closes it. Every read is
 * strongly consistent, and each change is one conditional write, stored only if the item is still what was read. A user's
 * sessions are on a list in the same table, not in an index that lags behind. The clock is that of each process: keep
 * them in step. DynamoDB's own time to live deletes what has expired, and nothing else relies on it; `onExpired` is not
 * called.
 *
 * Not for a global table with eventual consistency: there, what has ended in one region may come back from another.
 *
 * Returns promises. Rejects with the SDK's error, and with ConfigError `table` if the table is missing or has another
 * key. Throws ConfigError `backend` for anything but such a client, and `table`.
 */
export class DynamoDbSessionBackend extends CasSessionBackend<string> {
  override readonly maxBytes: number = MOST_BYTES;
  readonly #client: DynamoLike;
  readonly #table: string;

  constructor(client: DynamoLike, options: DynamoDbOptions = {}) {
    super();
    this.#table = resolveOptions(options).table;
    refuseNoClient(client);
    this.#client = client;
  }

  override async get(key: string): Promise<Found<string> | undefined> {
    const { Item } = await this.#sent(this.#client.getItem({ ...this.#place(key), ConsistentRead: true }));
    return Item && { text: textIn(Item), mark: Item.writes?.S ?? "" };
  }

  override add(key: string, text: string, seconds: number): Promise<boolean> {
    const write = newWrite();
    return this.#unless(key, write, () => {
      return this.#client.putItem({
        ...this.#item(key, text, seconds, write),
        ConditionExpression: "attribute_not_exists(id)",
      });
    });
  }

  override replace(key: string, text: string, seconds: number, mark: string): Promise<boolean> {
    const write = newWrite();
    const writes = [write, ...mark.split(" ")].slice(0, WRITES).join(" ");
    return this.#unless(key, write, () => {
      return this.#client.putItem({ ...this.#item(key, text, seconds, writes), ...ifStill(mark) });
    });
  }

  override async set(key: string, text: string, seconds: number): Promise<void> {
    await this.#sent(this.#client.putItem(this.#item(key, text, seconds, newWrite())));
  }

  override remove(key: string, mark: string): Promise<boolean> {
    return this.#unless(key, undefined, () => {
      return this.#client.deleteItem({ ...this.#place(key), ...ifStill(mark) });
    });
  }

  override async take(key: string): Promise<string | undefined> {
    const { Attributes } = await this.#sent(
      this.#client.deleteItem({ ...this.#place(key), ReturnValues: "ALL_OLD" }),
    );
    return Attributes && textIn(Attributes);
  }

  /** A page has at most 1 MB of the table, so it may have fewer sessions than `limit`, even none, and still a cursor. */
  override async scan(options: ScanOptions): Promise<ScanPage> {
    const { userId, cursor, limit } = options;
    if (userId !== undefined) return pageOfUser(this, userId, options);
    if (cursor !== undefined && !KEY.test(cursor)) throw wrongCursor();
    const { items, last } = await this.#page({
      Limit: limit,
      ...(cursor !== undefined && { ExclusiveStartKey: { id: { S: cursor } } }),
    });
    return { sessions: this.#sessions(items, options), cursor: last };
  }

  /** Counts what 1 MB of the table has. If that is not all, an estimate, from a part of the table that has less than 1 MB. */
  override async countAll(): Promise<SessionCount> {
    for (let parts = 1; ; parts *= 8) {
      const Segment = Math.floor(this.environment.random() * parts);
      const { items, last } = await this.#page({ TotalSegments: parts, Segment });
      if (last !== undefined && parts < MOST_PARTS) continue;
      const sessions = this.#sessions(items, { limit: items.length });
      const signedIn = sessions.filter(({ record }) => record.userId !== null).length;
      return { sessions: sessions.length * parts, signedIn: signedIn * parts, exact: parts === 1 };
    }
  }

  /** Returns what is stored next, in DynamoDB's order, and the key of the last of it if more may follow. */
  async #page(
    where: DynamoPlace,
  ): Promise<{ readonly items: readonly DynamoItem[]; readonly last: string | undefined }> {
    const { Items = [], LastEvaluatedKey } = await this.#sent(
      this.#client.scan({ TableName: this.#table, ConsistentRead: true, ...where }),
    );
    return { items: Items, last: LastEvaluatedKey?.id?.S };
  }

  #sessions(items: readonly DynamoItem[], options: ScanOptions): UserSession[] {
    const now = this.now();
    return items.flatMap((item) => {
      const handle = item.id?.S ?? "";
      const stored = isHandle(handle) ? recordIn(textIn(item)) : undefined;
      const record = stored && snapshot(stored, now);
      return isAskedFor(record, options) ? [{ handle, record }] : [];
    });
  }

  /**
   * Returns whether a conditional write was carried out. The SDK sends a write again if its answer is lost, and then DynamoDB
   * says that the condition failed: because of this write itself, if the item names it.
   */
  async #unless(key: string, write: string | undefined, send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (error) {
      if (nameOf(error) !== "ConditionalCheckFailedException") throw tableError(error, this.#table);
    }
    if (write === undefined) return false;
    const there = await this.get(key);
    return there?.mark.split(" ").includes(write) ?? false;
  }

  async #sent<R>(answer: Promise<R>): Promise<R> {
    try {
      return await answer;
    } catch (error) {
      throw tableError(error, this.#table);
    }
  }

  #place(key: string): { TableName: string; Key: { id: { S: string } } } {
    return { TableName: this.#table, Key: { id: { S: key } } };
  }

  #item(key: string, text: string, seconds: number, writes: string) {
    const expires = Math.min(Math.ceil(this.now() + seconds) + SLACK, LAST_MOMENT);
    const Item = {
      id: { S: key },
      text: { S: text },
      writes: { S: writes },
      expires: { N: String(expires) },
    };
    return { TableName: this.#table, Item };
  }
}

function ifStill(mark: string) {
  return {
    ConditionExpression: "#writes = :writes",
    ExpressionAttributeNames: { "#writes": "writes" },
    ExpressionAttributeValues: { ":writes": { S: mark } },
  };
}

function textIn(item: DynamoItem): string {
  return item.text?.S ?? "";
}

/** A name that no other write has. */
function newWrite(): string {
  return randomBytes(12).toString("base64url");
}
