// The declarations of earlier cells as TypeScript declarations: one entry per name, so that a cell that redeclares a
// name replaces only that one, and a cell that fails half way keeps those it did not reach.

import ts from 'typescript';
import { isBuiltin } from './module-resolution';

type Space = 'value' | 'type' | 'both';

export interface Binding {
  name: string;
  specifier: string;
  /** The exported name, `default`, or `*` for all of them. */
  imported: string;
}

export interface Entry {
  name: string | undefined;
  space: Space;
  text: string;
  /** Every identifier in it. */
  mentions: ReadonlySet<string>;
  /** Where the name is imported from. */
  binding?: Binding;
}

/** Every identifier in a piece of code. */
export function identifiers(node: ts.Node, found = new Set<string>()): Set<string> {
  const visit = (child: ts.Node): void => {
    if (ts.isIdentifier(child)) found.add(child.text);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return found;
}

const parse = (text: string) => ts.createSourceFile('earlier.d.ts', text, ts.ScriptTarget.Latest, true);

/** Splits declarations (the text of a .d.ts file, or import lines) into entries. */
export function parseEntries(text: string): Entry[] {
  const source = parse(text);
  const entries: Entry[] = [];
  const add = (node: ts.Node, name: string | undefined, space: Space, written: string, binding?: Binding) =>
    entries.push({ name, space, text: written, mentions: identifiers(node), ...(binding ? { binding } : {}) });
  for (const statement of source.statements) {
    const written = declared(statement, source);
    if (ts.isImportDeclaration(statement)) addImports(statement, add);
    else if (ts.isVariableStatement(statement)) {
      const doc = source.text.slice(statement.getFullStart(), statement.getStart()).trim();
      const flags = statement.declarationList.flags;
      const keyword = flags & ts.NodeFlags.Const ? 'const' : flags & ts.NodeFlags.Let ? 'let' : 'var';
      for (const declaration of statement.declarationList.declarations) {
        const line = `${doc ? `${doc}\n` : ''}declare ${keyword} ${declaration.getText(source)};`;
        add(declaration, declaration.name.getText(source), 'value', line);
      }
    } else if (ts.isFunctionDeclaration(statement)) add(statement, statement.name?.text, 'value', written);
    else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
      add(statement, statement.name.text, 'type', written);
    else if (ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement))
      add(statement, statement.name?.text, 'both', written);
    else if (ts.isModuleDeclaration(statement)) {
      const isGlobal = (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0 || ts.isStringLiteral(statement.name);
      add(statement, isGlobal ? undefined : statement.name.text, 'both', written);
    } else if (ts.isImportEqualsDeclaration(statement)) add(statement, statement.name.text, 'both', written);
  }
  return entries;
}

/** A statement as an ambient declaration without `export`. */
function declared(statement: ts.Statement, source: ts.SourceFile): string {
  const doc = source.text.slice(statement.getFullStart(), statement.getStart()).trim();
  let text = statement.getText(source).replace(/^export\s+(?:default\s+)?/, '');
  if (/^(?:abstract\s+class|class|function|enum|const\s+enum|namespace|module)\b/.test(text)) text = `declare ${text}`;
  return doc ? `${doc}\n${text}` : text;
}

function addImports(
  statement: ts.ImportDeclaration,
  add: (node: ts.Node, name: string | undefined, space: Space, text: string, binding?: Binding) => void,
): void {
  const specifier = (statement.moduleSpecifier as ts.StringLiteral).text;
  const from = `from ${JSON.stringify(specifier)};`;
  const clause = statement.importClause;
  if (!clause) {
    add(statement, undefined, 'both', `import ${JSON.stringify(specifier)};`);
    return;
  }
  const type = clause.isTypeOnly ? 'type ' : '';
  const put = (name: string, what: string, imported: string, typeOnly: boolean) =>
    add(clause.name ?? clause, name, typeOnly ? 'type' : 'both', `import ${what} ${from}`, {
      name,
      specifier,
      imported,
    });
  if (clause.name) put(clause.name.text, `${type}${clause.name.text}`, 'default', clause.isTypeOnly);
  const bindings = clause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) {
    put(bindings.name.text, `${type}* as ${bindings.name.text}`, '*', clause.isTypeOnly);
  } else if (bindings) {
    for (const element of bindings.elements) {
      const typeOnly = clause.isTypeOnly || element.isTypeOnly;
      const imported = (element.propertyName ?? element.name).text;
      const what = imported === element.name.text ? imported : `${imported} as ${element.name.text}`;
      put(element.name.text, `${typeOnly ? 'type ' : ''}{ ${what} }`, imported, typeOnly);
    }
  }
}

const has = (space: Space, one: 'value' | 'type') => space === one || space === 'both';

/**
 * Entries after a cell. Its declarations replace those of the same name, values and types separately; a class of which
 * only the type was replaced remains as a value.
 *
 * @param unreached names whose declaration the cell did not reach: they are kept
 */
export function mergeEntries(before: Entry[], fresh: Entry[], unreached: ReadonlySet<string> = new Set()): Entry[] {
  const arrived = fresh.filter(({ name, space }) => !(name && space !== 'type' && unreached.has(name)));
  const names = (one: 'value' | 'type') =>
    new Set(arrived.filter(({ space }) => has(space, one)).map(({ name }) => name));
  const [values, types] = [names('value'), names('type')];
  const texts = new Set(arrived.map(({ text }) => text));
  const kept: Entry[] = [];
  for (const entry of before) {
    const { name, space, text } = entry;
    if (name === undefined) {
      if (!texts.has(text)) kept.push(entry);
    } else if (has(space, 'value') && values.has(name)) continue;
    else if (space === 'type' && types.has(name)) continue;
    else if (space === 'both' && types.has(name)) {
      kept.push({ name, space: 'value', text: `declare const ${name}: any;`, mentions: new Set([name]) });
    } else kept.push(entry);
  }
  return [...kept, ...arrived];
}

export const textOf = (entries: Entry[]) => `${entries.map(({ text }) => text).join('\n')}\nexport {};\n`;

/** Entries that code with these identifiers refers to, directly or through other entries. */
export function reachable(entries: Entry[], mentioned: ReadonlySet<string>): Entry[] {
  const seen = new Set(mentioned);
  const reached = new Set<Entry>();
  for (let size = -1; size !== reached.size; ) {
    size = reached.size;
    for (const entry of entries) {
      if (reached.has(entry) || (entry.name !== undefined && !seen.has(entry.name))) continue;
      reached.add(entry);
      for (const name of entry.mentions) seen.add(name);
    }
  }
  return entries.filter((entry) => reached.has(entry));
}

/** Whether an entry needs more than the types of Node. */
export const needsPackages = ({ text, binding }: Entry) =>
  binding ? !isBuiltin(binding.specifier) : /\bimport\b/.test(text);
