// `import(x)` and `import.meta` become `__import__(x)` and `__meta__`: neither exists in the code that the kernel runs.

import ts from 'typescript';

export function kernelImports(node: ts.Node, factory: ts.NodeFactory): ts.Node {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return factory.updateCallExpression(node, factory.createIdentifier('__import__'), undefined, node.arguments);
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
    return factory.createIdentifier('__meta__');
  return node;
}

/** The same for all of a local module. */
export const importTransformer: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const visit = (node: ts.Node): ts.Node =>
    ts.isTypeNode(node) ? node : kernelImports(ts.visitEachChild(node, visit, context), context.factory);
  return (file) => ts.visitEachChild(file, visit, context);
};
