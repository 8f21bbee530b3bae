/** What stops the command: it prints the message, without a stack, and ends with the exit code. */
export class Problem extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode 2 for wrong arguments, 130 if the user gave up, 1 for everything else.
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.name = "Problem";
    this.exitCode = exitCode;
  }
}
