// Puts a call at the entry of every function of a module, so that a program sees the order in which they run.
import { parseAst } from "vitest/node";

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/**
 * Returns the module's text in which every function, method, getter, setter, constructor and arrow function calls
 * `call` with its number when it is entered, after its parameters have their values. `add({ name, line })` is called
 * for each function and returns the number. A constructor that the source does not write down has no entry.
 */
export function instrument(text, call, add) {
  const insertions = [];
  const visit = (node, name, owner) => {
    if (Array.isArray(node)) {
      for (const each of node) visit(each, name, owner);
      return;
    }
    if (typeof node?.type !== "string") return;
    let within = owner;
    if (FUNCTIONS.has(node.type)) {
      const line = lineAt(text, node.start);
      within = name ?? node.id?.name ?? `${owner === "" ? "" : `${owner} `}=> line ${line}`;
      const entry = `${call}(${add({ name: within, line })})`;
      if (node.body.type === "BlockStatement") {
        insertions.push({ at: node.body.start + 1, text: `${entry};` });
      } else {
        insertions.push({ at: node.body.start, text: `(${entry},` });
        insertions.push({ at: node.body.end, text: ")" });
      }
    }
    if (node.type === "ClassDeclaration" || node.type === "ClassExpression")
      within = node.id?.name ?? name ?? owner;
    for (const [key, child] of Object.entries(node)) visit(child, nameFrom(node, key, within), within);
  };
  visit(parseAst(text), undefined, "");
  return apply(text, insertions);
}

/** The name that a function gets from the node around it: `f` in `const f = () => ...`, `C.m` for a method. */
function nameFrom(node, key, owner) {
  switch (node.type) {
    case "VariableDeclarator":
      return key === "init" ? (textOf(node.id) ?? undefined) : undefined;
    case "AssignmentExpression":
      return key === "right" ? (textOf(node.left) ?? undefined) : undefined;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "Property": {
      if (key !== "value") return undefined;
      const own = textOf(node.key) ?? "[computed]";
      const kind = node.kind === "get" || node.kind === "set" ? `${node.kind} ` : "";
      return node.type === "Property" || owner === "" ? `${kind}${own}` : `${kind}${owner}.${own}`;
    }
    default:
      return undefined;
  }
}

function textOf(node) {
  if (node.type === "Identifier") return node.name;
  if (node.type === "PrivateIdentifier") return `#${node.name}`;
  if (node.type === "Literal") return String(node.value);
  return node.type === "MemberExpression" ? textOf(node.property) : undefined;
}

function lineAt(text, offset) {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** Only closing parentheses are ever inserted at the same place, so their order does not matter. */
function apply(text, insertions) {
  let result = "";
  let done = 0;
  for (const { at, text: inserted } of insertions.toSorted((a, b) => a.at - b.at)) {
    result += text.slice(done, at) + inserted;
    done = at;
  }
  return result + text.slice(done);
}
