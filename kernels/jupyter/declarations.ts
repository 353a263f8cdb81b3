// What a cell that failed half way leaves declared: the new declarations it reached, and, for names it did not reach,
// what they were before.

import type * as typescript from '@tslab/typescript-for-tslab';
import { keepNamesInImport } from 'tslab/dist/converter';
import { ts } from './converter';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Keeps of a declaration text only the values called `names` (and, with `types`, what is no value). */
function only(text: string, keep: (name: string) => boolean, types: boolean): string {
  const source = ts.createSourceFile('previous.d.ts', text, ts.ScriptTarget.Latest, true);
  const printer = ts.createPrinter({ newLine: ts.NewLineKind.LineFeed });
  const statements: typescript.Statement[] = [];
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      const list = statement.declarationList as Mutable<typescript.VariableDeclarationList>;
      const kept = list.declarations.filter((declaration) => keep(declaration.name.getText(source)));
      if (kept.length === 0) continue;
      list.declarations = ts.factory.createNodeArray(kept);
      statements.push(statement);
    } else if (ts.isImportDeclaration(statement)) {
      const names = importedNames(statement).filter(keep);
      if (names.length === 0) continue;
      const asInTslab = keepNamesInImport as unknown as (
        node: typescript.ImportDeclaration,
        names: Set<string>,
      ) => void;
      asInTslab(statement, new Set(names));
      statements.push(statement);
    } else if (
      ts.isClassDeclaration(statement) ||
      ts.isFunctionDeclaration(statement) ||
      ts.isEnumDeclaration(statement)
    ) {
      if (statement.name && keep(statement.name.text)) statements.push(statement);
    } else if (types) {
      statements.push(statement);
    }
  }
  return statements.map((s) => printer.printNode(ts.EmitHint.Unspecified, s, source)).join('\n');
}

function importedNames(statement: typescript.ImportDeclaration): string[] {
  const clause = statement.importClause;
  if (!clause) return [];
  const bindings = clause.namedBindings;
  const named = !bindings
    ? []
    : ts.isNamespaceImport(bindings)
      ? [bindings.name]
      : bindings.elements.map((e) => e.name);
  return [...(clause.name ? [clause.name] : []), ...named].map((name) => name.text);
}

/** Declarations after a cell that ended early, `missing` being the names it would have declared and did not reach. */
export function declarationsAfterFailure(before: string, after: string, missing: Set<string>): string {
  if (missing.size === 0) return after;
  return `${only(after, (name) => !missing.has(name), true)}\n${only(before, (name) => missing.has(name), false)}\n`;
}
