import { COMPLETED, type CompletedOption, FIRST, SHELLS } from "./words.ts";

/** Returns the script for bash. */
export function bashScript(): string {
  return `# Completion of micropie for bash.
_micropie() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} offered=""
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W "${FIRST.map(({ name }) => name).join(" ")}" -- "$word"; compgen -f -X '!*.[jt]s' -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    completion) (( COMP_CWORD == 2 )) && COMPREPLY=($(compgen -W "${SHELLS.join(" ")}" -- "$word")); return ;;
    sessions) ;;
    *) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  if (( COMP_CWORD == 2 )); then
    COMPREPLY=($(compgen -W "${COMPLETED.map(({ name }) => name).join(" ")} --help" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[2]}" in
${COMPLETED.map(({ name, options }) => `    ${name})\n${caseOf(options)}    ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$word"))
  case "\${COMPREPLY[0]}" in *[=~.\\<\\>]) compopt -o nospace ;; esac
}
complete -F _micropie micropie`;
}

function caseOf(options: readonly CompletedOption[]): string {
  const valued = options.filter(({ takesValue }) => takesValue);
  const lines = valued.map((option) => `        ${namesOf(option).join("|")}) ${offer(option)} ;;\n`);
  return `      case "$before" in\n${lines.join("")}        *) offered="${options.map(({ name }) => `--${name}`).join(" ")}" ;;\n      esac\n`;
}

function offer({ offers }: CompletedOption): string {
  if (offers === "files") return 'COMPREPLY=($(compgen -f -- "$word")); return';
  return offers === undefined ? "return" : `offered='${offers.join(" ")}'`;
}

function namesOf({ name, short }: CompletedOption): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}
