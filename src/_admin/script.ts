/** The script of the page: asks for it again every few seconds, and puts what is new in the place of what is old. */
export const SCRIPT = `"use strict";
const line = document.getElementById("as-of");
if (line) {
  const button = document.createElement("button");
  const failure = document.createElement("span");
  failure.setAttribute("role", "status");
  let paused = false, timer;
  const label = () => { button.textContent = paused ? "Go on updating" : "Pause updates"; };
  const again = () => { clearTimeout(timer); if (!paused) timer = setTimeout(update, Number(line.dataset.every) * 1000); };
  async function update() {
    if (document.hidden) return again();
    try {
      const url = new URL(location.href);
      url.searchParams.set("live", "1");
      const answer = await fetch(url, { redirect: "error", cache: "no-store" });
      if (answer.status === 404) return location.reload();
      if (!answer.ok) throw new Error();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (paused) return;
      for (const old of document.querySelectorAll("[data-live]")) {
        const next = fresh.getElementById(old.id);
        if (next && !old.contains(document.activeElement) && !next.isEqualNode(old)) old.replaceWith(next);
      }
      failure.textContent = "";
    } catch {
      failure.textContent = " No answer: what you see is old.";
    }
    again();
  }
  button.type = "button";
  button.addEventListener("click", () => { paused = !paused; label(); paused ? clearTimeout(timer) : update(); });
  line.querySelector("a").replaceWith(button);
  line.append(failure);
  label();
  again();
}
`;
