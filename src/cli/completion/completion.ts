import { misuse } from "../options.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export const COMPLETION_HELP = `Usage: micropie completion <bash|zsh|fish>

Prints a script that completes subcommands, options and conditions of micropie.

  bash   in ~/.bashrc:                     source <(micropie completion bash)
  zsh    in ~/.zshrc, after compinit:      source <(micropie completion zsh)
  fish   in ~/.config/fish/config.fish:    micropie completion fish | source

The shell has to know the command \`micropie\`: npm install --global micropie, or alias micropie="npx micropie".`;

/** Returns what `micropie completion` prints. Throws `Problem` with exit code 2. */
export function completion([shell, ...rest]: readonly string[]): string {
  if (shell === "--help" || shell === "-h") return COMPLETION_HELP;
  const script =
    shell !== undefined && Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell as keyof typeof SCRIPTS] : undefined;
  if (script === undefined || rest.length > 0)
    throw misuse("completion takes one of bash, zsh, fish", "micropie completion --help");
  return script();
}
