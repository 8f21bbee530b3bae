/** The control of the controls: a process that holds nothing, for the delays that the machine itself causes. */
export function hold() {
  return { create() {}, last() {}, visit() {}, close() {} };
}
