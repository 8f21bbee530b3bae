/** What happens to users where a promise of docs/guarantees.md is not kept, as the end of a sentence. */
const BROKEN: Readonly<Record<string, string>> = {
  B1: "a session would not be read as it was written",
  B2: "visitors who store nothing would get cookies, and cost the store work",
  B3: "the browser would lose the cookie, or show it to others",
  B4: "sessions would end too early, or live too long",
  B5: "a sign-out would leave the session alive, or end another one",
  B6: "what was saved by hand would be lost",
  B7: "somebody could choose the id of another visitor's session",
  B9: "users would see each other's sessions",
  C1: "what another request wrote at the same time would be lost",
  C2: "updates at the same time would be lost",
  C3: "a session that has ended could come back",
  C4: "requests at the same time as a new id would sign the user out",
  C5: "a request from before a sign-in could still change the session, or open it",
  C6: "a late answer could take another session's cookie away",
  C7: "two requests could use a session exclusively at the same time",
  C8: "two requests could take what is meant for one",
  O1: "the browser could come again before its session is stored",
  O2: "an answer would say that something was saved, and it was not",
  O3: "what a stream changes would be lost without a word",
  O4: "a request that failed would leave half of its changes",
  R2: "pruning would end sessions in use, or leave those that have expired",
  R4: "an operator would miss sessions, or what an operator does and what requests do would overwrite each other",
  S3: "whoever reads an error or the log could take sessions over",
  S4: "a cache could give one user's page or cookie to another",
  S6: "a cookie that somebody has planted would hide the user's own",
  S7: "keys of the data could change prototypes, or be lost",
  S8: "data would come back as something else, or not at all",
  U1: "a user's list would miss sessions, and signing out everywhere would spare them",
  U2: "sockets and streams would stay open after their session has ended",
  U3: "users could not tell their devices apart, nor hear that another one uses a session of theirs",
  U4: "a user would have more sessions than allowed, or lose one that is allowed",
  U5: "an old sign-in would pass for a new one, or a factor that nobody proved for one that was",
};

/** Returns what a case is about, with what is at stake, as two sentences. */
export function stakeOf(promise: string, name: string): string {
  const stake = BROKEN[promise];
  return `${promise}: ${name}.${stake === undefined ? "" : ` Otherwise ${stake}.`}`;
}
