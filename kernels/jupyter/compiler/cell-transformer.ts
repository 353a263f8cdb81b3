// Transforms the syntax tree of a cell: uses of shared names become accesses to `exports`, top-level variables are
// exported, and the last expression is exported as the cell's result.

import ts from 'typescript';
import { kernelImports } from './kernel-imports';
import { RESULT } from './result-name';
import type { SharedNames } from './shared-names';

/** @param onResult called when the cell ends in an expression */
export function cellTransformer(names: SharedNames, onResult: () => void): ts.TransformerFactory<ts.SourceFile> {
  return (context) => {
    const { factory } = context;
    const visit = sharedNameVisitor(names, context);
    return (file) => {
      const statements = file.statements.map((statement) =>
        exportVariables(visit(statement) as ts.Statement, names, factory),
      );
      if (exportResult(statements, factory)) onResult();
      return factory.updateSourceFile(file, ts.setTextRange(factory.createNodeArray(statements), file.statements));
    };
  };
}

function sharedNameVisitor(names: SharedNames, context: ts.TransformationContext): (node: ts.Node) => ts.Node {
  const { factory } = context;
  const access = (name: string) =>
    factory.createPropertyAccessExpression(factory.createIdentifier('exports'), factory.createIdentifier(name));
  /** A function that is called must not receive `exports` as its `this`. */
  const callee = (name: string) =>
    factory.createParenthesizedExpression(factory.createComma(factory.createNumericLiteral(0), access(name)));

  function visitShorthand(node: ts.ShorthandPropertyAssignment): ts.Node {
    if (!names.isShorthandUse(node)) return ts.visitEachChild(node, visit, context);
    const { objectAssignmentInitializer: fallback } = node;
    const value = access(node.name.text);
    const whole = fallback ? factory.createAssignment(value, visit(fallback) as ts.Expression) : value;
    return factory.createPropertyAssignment(node.name, whole);
  }

  function visit(node: ts.Node): ts.Node {
    if (ts.isExpressionWithTypeArguments(node)) {
      const expression = visit(node.expression) as ts.LeftHandSideExpression;
      return factory.updateExpressionWithTypeArguments(node, expression, node.typeArguments);
    }
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return node;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node;
    if (ts.isShorthandPropertyAssignment(node)) return visitShorthand(node);
    if (ts.isCallExpression(node) && names.isUse(node.expression)) {
      const args = node.arguments.map((argument) => visit(argument) as ts.Expression);
      return factory.updateCallExpression(node, callee(node.expression.text), node.typeArguments, args);
    }
    if (ts.isTaggedTemplateExpression(node) && names.isUse(node.tag)) {
      const template = visit(node.template) as ts.TemplateLiteral;
      return factory.updateTaggedTemplateExpression(node, callee(node.tag.text), node.typeArguments, template);
    }
    if (names.isUse(node)) return ts.setTextRange(access(node.text), node);
    return kernelImports(ts.visitEachChild(node, visit, context), factory);
  }
  return visit;
}

/** `let x` becomes `export let x`, and leaves the list of exports at the end of the cell. */
function exportVariables(statement: ts.Statement, names: SharedNames, factory: ts.NodeFactory): ts.Statement {
  if (ts.isVariableStatement(statement) && isExportable(statement)) {
    const modifiers = [factory.createModifier(ts.SyntaxKind.ExportKeyword), ...(statement.modifiers ?? [])];
    return factory.updateVariableStatement(statement, modifiers, statement.declarationList);
  }
  if (!ts.isExportDeclaration(statement) || !statement.exportClause || statement.moduleSpecifier) return statement;
  if (!ts.isNamedExports(statement.exportClause)) return statement;
  const left = statement.exportClause.elements.filter(
    ({ name }) => !names.declarationsOf(name.text)?.some(isTopLevelVariable),
  );
  const clause = factory.updateNamedExports(statement.exportClause, left);
  return factory.updateExportDeclaration(statement, undefined, false, clause, undefined, undefined);
}

/** Exports the last statement, if it is an expression; returns whether it is. */
function exportResult(statements: ts.Statement[], factory: ts.NodeFactory): boolean {
  const last = statements.findLastIndex(
    (statement) => !ts.isExportDeclaration(statement) && !ts.isEmptyStatement(statement),
  );
  const statement = statements[last];
  if (!statement || !ts.isExpressionStatement(statement)) return false;
  const declaration = factory.createVariableDeclaration(RESULT, undefined, undefined, statement.expression);
  const list = factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
  const keyword = factory.createModifier(ts.SyntaxKind.ExportKeyword);
  statements[last] = ts.setTextRange(factory.createVariableStatement([keyword], list), statement);
  return true;
}

/** A variable statement that can be exported as a whole: `using` cannot, and a statement with modifiers already is. */
function isExportable({ declarationList, modifiers }: ts.VariableStatement): boolean {
  const kind = declarationList.flags & ts.NodeFlags.BlockScoped;
  return !modifiers?.length && kind !== ts.NodeFlags.Using && kind !== ts.NodeFlags.AwaitUsing;
}

const isPattern = (node: ts.Node) => ts.isObjectBindingPattern(node) || ts.isArrayBindingPattern(node);

function isTopLevelVariable(declaration: ts.Declaration): boolean {
  let node: ts.Node = declaration;
  while (ts.isVariableDeclaration(node) || ts.isBindingElement(node) || isPattern(node)) node = node.parent;
  if (!ts.isVariableDeclarationList(node) || !ts.isVariableStatement(node.parent)) return false;
  return ts.isSourceFile(node.parent.parent) && isExportable(node.parent);
}
