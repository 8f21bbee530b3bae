import "../parts.js";
import { run } from "./actions.js";

/** Nothing is to be asked while it is built. */
export const dynamic = "force-dynamic";

export default async function Page() {
  const text = await globalThis.site.page();
  return (
    <form action={run}>
      <p>{text}</p>
      <input name="what" />
    </form>
  );
}
