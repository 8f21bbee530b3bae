/** A value of a statement's parameter. */
export type PostgresValue = string | number | null;

/** A `Pool` of pg, or one of its clients. */
export interface PgLike {
  query(query: {
    text: string;
    name?: string;
    values?: PostgresValue[];
    rowMode: "array";
  }): Promise<{ readonly rows: unknown[][]; readonly rowCount: number | null }>;
}

/** The `sql` of postgres (postgres.js). */
export interface PostgresJsLike {
  unsafe(
    text: string,
    values?: PostgresValue[],
    options?: { prepare?: boolean },
  ): {
    /** Null until it is sent. */
    readonly state?: unknown;
    values(): PromiseLike<unknown[][] & { readonly count: number | null }>;
  };
  listen?(channel: string, told: (text: string) => void, listening: () => void): PromiseLike<unknown>;
}

/** A client that the application has created, with the methods used here. It is never closed by the back-end. */
export type PostgresLike = PgLike | PostgresJsLike;
