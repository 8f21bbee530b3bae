import { COMPLETED, type CompletedOption, FIRST, SHELLS } from "./words.ts";

/** Returns the script for zsh, which can be sourced, or be a file _micropie in the fpath. */
export function zshScript(): string {
  return `#compdef micropie
# Completion of micropie for zsh.
_micropie() {
  local -a first=(
${FIRST.map((each) => `    ${described(each)}`).join("\n")}
  )
  local -a subcommands=(
${COMPLETED.map((each) => `    ${described(each)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command first
    _path_files -g '*.(c|m|)[jt]s'
    return
  fi
  case $words[2] in
    completion) (( CURRENT == 3 )) && _values shell ${SHELLS.join(" ")}; return ;;
    sessions) ;;
    *) _files; return ;;
  esac
  if (( CURRENT == 3 )); then
    _describe subcommand subcommands
    return
  fi
  local subcommand=$words[3]
  # What follows is completed as if the subcommand were the command.
  shift 2 words
  (( CURRENT -= 2 ))
  case $subcommand in
${COMPLETED.map(({ name, options }) => `    ${name}) _arguments -S ${options.map(argumentOf).join(" ")} ;;`).join("\n")}
  esac
}
if [ "$funcstack[1]" = "_micropie" ]; then
  _micropie "$@"
else
  compdef _micropie micropie
fi`;
}

function described({ name, help }: { readonly name: string; readonly help: string }): string {
  return quoted(`${name}:${help}`);
}

function argumentOf(option: CompletedOption): string {
  const { name, short, help, takesValue, offers } = option;
  const says = `[${help.replace(/[[\]:]/g, "\\$&")}]`;
  const value = takesValue ? `:value:${actionOf(offers)}` : "";
  const names = short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
  return names.map((each) => quoted(`*${each}${says}${value}`)).join(" ");
}

function actionOf(offers: CompletedOption["offers"]): string {
  if (offers === "files") return "_files";
  return offers === undefined ? " " : `compadd -S "" -- ${offers.map((word) => `"${word}"`).join(" ")}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
