import { SessionError } from "../errors.ts";

const REASONS: Record<number, string> = {
  409: "Conflict",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The status and the text to answer an error with: nothing of what happened inside. */
export function answerTo(error: unknown): { status: number; text: string } {
  const status = error instanceof SessionError ? error.status : 500;
  return { status, text: REASONS[status] ?? "Error" };
}
