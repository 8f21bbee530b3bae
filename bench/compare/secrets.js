/** The secrets of the comparison: each of the two applications of a probe has its own, of more than 32 characters. */
export const secretOf = (second) =>
  `a secret of the ${second ? "second" : "first"} application in the comparison`;
