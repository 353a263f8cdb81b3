// The names that a cell declares at its top level, from its syntax.

import ts from 'typescript';

function addBound(name: ts.BindingName, into: Set<string>): void {
  if (ts.isIdentifier(name)) into.add(name.text);
  else for (const element of name.elements) if (!ts.isOmittedExpression(element)) addBound(element.name, into);
}

const isExported = (node: ts.Node) =>
  ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

/** `var` declares names of the cell in any nested block outside of functions. */
function addHoisted(node: ts.Node, into: Set<string>): void {
  if (ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node)) return;
  if (ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.BlockScoped)) {
    for (const declaration of node.declarations) addBound(declaration.name, into);
  }
  ts.forEachChild(node, (child) => addHoisted(child, into));
}

/**
 * Names to export. Names that the user exports are left out (they already are), and so is `using`: a resource ends with
 * its cell.
 */
export function declaredNames(source: ts.SourceFile): string[] {
  const names = new Set<string>();
  const exported = new Set<string>();
  for (const statement of source.statements) {
    const into = isExported(statement) ? exported : names;
    if (ts.isVariableStatement(statement)) {
      const kind = statement.declarationList.flags & ts.NodeFlags.BlockScoped;
      const isUsing = kind === ts.NodeFlags.Using || kind === ts.NodeFlags.AwaitUsing;
      if (!isUsing) for (const { name } of statement.declarationList.declarations) addBound(name, into);
    } else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {};
      if (name) names.add(name.text);
      if (namedBindings && ts.isNamespaceImport(namedBindings)) names.add(namedBindings.name.text);
      else for (const element of namedBindings?.elements ?? []) names.add(element.name.text);
    } else if (ts.isExportDeclaration(statement)) {
      if (statement.exportClause && ts.isNamedExports(statement.exportClause)) {
        for (const { name } of statement.exportClause.elements) exported.add(name.text);
      }
    } else if (
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isImportEqualsDeclaration(statement)
    ) {
      if (statement.name) into.add(statement.name.text);
    } else if (ts.isModuleDeclaration(statement)) {
      if (ts.isIdentifier(statement.name) && !(statement.flags & ts.NodeFlags.GlobalAugmentation))
        into.add(statement.name.text);
    } else addHoisted(statement, names);
  }
  return [...names].filter((name) => !exported.has(name));
}
