import type { ReactNode } from "react";
import { STYLE } from "../../style.ts";

export const metadata = { title: "Try a session" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        <style>{STYLE}</style>
      </head>
      <body>{children}</body>
    </html>
  );
}
