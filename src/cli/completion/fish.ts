import { COMPLETED, type CompletedOption, FIRST, SHELLS } from "./words.ts";

/** Returns the script for fish. */
export function fishScript(): string {
  const lines = [
    "# Completion of micropie for fish.",
    "function __micropie_at",
    "  set -l words (commandline -opc)",
    "  test (count $words) -eq $argv[1]; or return 1",
    '  test (count $argv) -lt 2; or test "$words[2]" = $argv[2]',
    "end",
    "function __micropie_in",
    "  set -l words (commandline -opc)",
    '  test (count $words) -ge 3; and test "$words[2]" = sessions; and test "$words[3]" = $argv[1]',
    "end",
    "complete -c micropie -n '__micropie_at 2 sessions' -f",
    ...FIRST.map(
      ({ name, help }) => `complete -c micropie -n '__micropie_at 1' -a ${name} -d ${quoted(help)}`,
    ),
    `complete -c micropie -n '__micropie_at 2 completion' -f -a '${SHELLS.join(" ")}'`,
  ];
  for (const { name, help, options } of COMPLETED) {
    lines.push(`complete -c micropie -n '__micropie_at 2 sessions' -a ${name} -d ${quoted(help)}`);
    lines.push(`complete -c micropie -n '__micropie_in ${name}' -f`);
    for (const option of options)
      lines.push(`complete -c micropie -n '__micropie_in ${name}' ${optionOf(option)}`);
  }
  return lines.join("\n");
}

function optionOf({ name, short, help, takesValue, offers }: CompletedOption): string {
  const words = [`-l ${name}`, ...(short === undefined ? [] : [`-s ${short}`]), `-d ${quoted(help)}`];
  if (takesValue) words.push(offers === "files" ? "-r -F" : "-x");
  if (Array.isArray(offers)) words.push(`-a ${quoted(offers.map(quoted).join(" "))}`);
  return words.join(" ");
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
