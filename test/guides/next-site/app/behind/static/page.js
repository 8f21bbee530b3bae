// A page that is made at build time. Only the proxy looks at the session.
export const dynamic = "force-static";

export default function Page() {
  return "the same for everybody";
}
