import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { DynamoLike } from "micropie/backends/dynamodb";
import { driver } from "../_drivers.ts";
import { until } from "../_until.ts";

/** A server that speaks DynamoDB's protocol on this machine. */
export interface DynamoServer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** The client of the AWS SDK, with what the tests need beside what the back-end uses. */
export interface DynamoClient extends DynamoLike {
  createTable(input: object): Promise<unknown>;
  deleteTable(input: { TableName: string }): Promise<unknown>;
  describeTable(input: { TableName: string }): Promise<{ Table: { TableStatus: string } }>;
  destroy(): void;
}

/**
 * Starts Dynalite, which has its data in memory; or takes the server of DYNAMODB_URL, such as a DynamoDB Local whose license
 * you have accepted.
 */
export async function startDynamo(): Promise<DynamoServer> {
  const { DYNAMODB_URL } = process.env;
  if (DYNAMODB_URL !== undefined) {
    const { hostname, port } = new URL(DYNAMODB_URL);
    return { host: hostname, port: Number(port), stop: async () => {} };
  }
  const dynalite = driver<(options: object) => Server>("dynalite");
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Returns a client of a server, or of a proxy in front of it. `options` are the SDK's. */
export function dynamoClient(
  { host, port }: { readonly host: string; readonly port: number },
  options: object = {},
): DynamoClient {
  const { DynamoDB } = driver<{ DynamoDB: new (options: object) => DynamoClient }>(
    "@aws-sdk/client-dynamodb",
  );
  return new DynamoDB({
    region: "us-east-1",
    endpoint: `http://${host}:${port}`,
    // Any will do, and none is looked for elsewhere.
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    ...options,
  });
}

/** Creates a table as docs/backends/dynamodb.md says, and resolves when it can be used. */
export async function createTable(client: DynamoClient, TableName: string, key = "id"): Promise<void> {
  await client.createTable({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: key, KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: key, AttributeType: "S" }],
  });
  await until(async () => {
    const { Table } = await client.describeTable({ TableName });
    if (Table.TableStatus !== "ACTIVE") throw new Error(`The table is ${Table.TableStatus}.`);
  });
}
