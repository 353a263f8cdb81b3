// What a cursor is at, for inspection: the name that it touches, or the function whose arguments it is among.

import ts from 'typescript';

const isNameNode = (node: ts.Node): boolean =>
  ts.isIdentifier(node) ||
  ts.isPrivateIdentifier(node) ||
  node.kind === ts.SyntaxKind.ThisKeyword ||
  node.kind === ts.SyntaxKind.SuperKeyword;

/** The name of a called expression: `fit` of `(await model).fit`. */
function calledName(callee: ts.Expression): ts.Node | undefined {
  if (ts.isPropertyAccessExpression(callee)) return callee.name;
  if (ts.isElementAccessExpression(callee)) return callee.argumentExpression;
  if (ts.isParenthesizedExpression(callee) || ts.isNonNullExpression(callee)) return calledName(callee.expression);
  return isNameNode(callee) ? callee : undefined;
}

/** A text that is a key, or the value of a key, stands for the key: `type` of `{ type: 'FPN' }`. */
function keyOf(text: ts.StringLiteralLike): ts.Node | undefined {
  const { parent } = text;
  if (ts.isPropertyAssignment(parent)) return parent.name;
  if (ts.isElementAccessExpression(parent) || ts.isImportDeclaration(parent)) return text;
  return undefined;
}

/** Whether the cursor is among the arguments of a call; of one that is not closed, only blanks may follow them. */
function isAmongArguments(call: ts.CallExpression | ts.NewExpression, file: ts.SourceFile, cursor: number): boolean {
  const from = call.arguments?.pos;
  if (from === undefined || cursor < from) return false;
  const isClosed = file.text[call.end - 1] === ')' && call.end > from;
  if (isClosed) return cursor <= call.end;
  return cursor <= call.end || /^[\s,]*$/.test(file.text.slice(call.end, cursor));
}

/** Names at a cursor, the nearest first: the next one counts where nothing is known of the one before. */
export function namesAt(file: ts.SourceFile, cursor: number): ts.Node[] {
  const touched: ts.Node[] = [];
  const objects: ts.Node[] = [];
  const keys: ts.Node[] = [];
  const called: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    const start = node.getStart(file);
    const isTouched = start <= cursor && cursor <= node.end;
    // of two names that touch, the cursor is at the start of the second
    if (isTouched && isNameNode(node) && node.end > start) touched.unshift(node);
    const key = isTouched && ts.isStringLiteralLike(node) ? keyOf(node) : undefined;
    if (key) keys.unshift(key);
    // `model.` without a name after the dot
    if (ts.isPropertyAccessExpression(node) && node.name.end === node.name.getStart(file) && node.end === cursor) {
      const name = calledName(node.expression);
      if (name) objects.unshift(name);
    }
    if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && isAmongArguments(node, file, cursor)) {
      const name = calledName(node.expression);
      if (name) called.unshift(name);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...touched, ...keys, ...objects, ...called];
}
