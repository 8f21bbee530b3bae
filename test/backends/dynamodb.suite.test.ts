import { randomBytes } from "node:crypto";
import { DynamoDbSessionBackend } from "micropie/backends/dynamodb";
import { backendSuite, withClock } from "micropie/testing";
import { afterAll, describe, test } from "vitest";
import { createTable, dynamoClient, startDynamo } from "../servers/dynamodb.ts";

const server = await startDynamo();
const client = dynamoClient(server);
afterAll(async () => {
  client.destroy();
  await server.stop();
});

describe("DynamoDbSessionBackend", () => {
  const suite = backendSuite({
    create: async ({ now }) => {
      const table = `sessions-${randomBytes(6).toString("hex")}`;
      await createTable(client, table);
      const another = () => withClock(new DynamoDbSessionBackend(client, { table }), now);
      const close = async () => {
        await client.deleteTable({ TableName: table });
      };
      return { backend: another(), another, close };
    },
  });
  for (const { name, run } of suite) test(name, run);
});
