// The options that an object literal can have where it is written: of a config that names its `type`, only those of that
// module, although its place accepts many.

import { join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../../src/paths';

/** The literal text of an object's `type`: `{ type: 'PAFPN' }`. */
function typeNameOf(literal: ts.ObjectLiteralExpression): string | undefined {
  for (const property of literal.properties)
    if (
      ts.isPropertyAssignment(property) &&
      (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name)) &&
      property.name.text === 'type' &&
      ts.isStringLiteralLike(property.initializer)
    )
      return property.initializer.text.replace(/^\w+\./, ''); // without the scope: mmdet.FPN
  return undefined;
}

const partsOf = (type: ts.Type): readonly ts.Type[] => (type.isUnion() ? type.types.flatMap(partsOf) : [type]);

/** Whether a type has a property `type` that can have this name. */
function isNamed(checker: ts.TypeChecker, type: ts.Type, name: string): boolean {
  const symbol = checker.getPropertyOfType(type, 'type');
  if (!symbol) return false;
  return partsOf(checker.getTypeOfSymbol(symbol)).some((part) => part.isStringLiteral() && part.value === name);
}

/**
 * Names of the options, besides those given, of the module that an object names by its `type`; undefined where it
 * names none that is known.
 *
 * @param at position of the name that is being written
 */
export function moduleOptions(
  checker: ts.TypeChecker,
  literal: ts.ObjectLiteralExpression,
  at: number,
): Set<string> | undefined {
  const name = typeNameOf(literal);
  const expected = name === undefined ? undefined : checker.getContextualType(literal);
  if (name === undefined || !expected) return undefined;
  const modules = partsOf(expected).filter((part) => isNamed(checker, part, name));
  if (modules.length === 0) return undefined;
  const all = modules.flatMap((module) => checker.getPropertiesOfType(module));
  return withoutGiven(literal, all, at);
}

/** Names of options that an object does not have yet. */
function withoutGiven(literal: ts.ObjectLiteralExpression, options: readonly ts.Symbol[], at: number): Set<string> {
  const names = literal.properties
    .map(({ name }) => name)
    .filter((name) => name && (at < name.getStart() || at > name.end));
  const given = new Set(names.map((name) => name?.getText().replace(/^['"]|['"]$/g, '')));
  return new Set(options.map(({ name }) => name).filter((name) => !given.has(name)));
}

const CATALOGUE = join(packageRoot, 'dist', 'src', 'lab', 'built-in-configs.d.ts').replace(/\\/g, '/');

/** The same by the built-in module's type, where any value is accepted: `const loss = { type: 'FocalLoss', ... }`. */
export function builtInOptions(program: ts.Program, literal: ts.ObjectLiteralExpression, at: number): string[] {
  const name = typeNameOf(literal)?.replace(/\W/g, '_');
  const file = name === undefined ? undefined : program.getSourceFile(CATALOGUE);
  const checker = program.getTypeChecker();
  const symbol = file && checker.getSymbolAtLocation(file)?.exports?.get(ts.escapeLeadingUnderscores(`${name}Choice`));
  if (!symbol) return [];
  return [...withoutGiven(literal, checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)), at)];
}

/** Names of all properties that an object can have besides those given, where it is written. */
export function possibleOptions(checker: ts.TypeChecker, literal: ts.ObjectLiteralExpression, at: number): Set<string> {
  const expected = checker.getContextualType(literal);
  const objects = (expected ? partsOf(expected) : []).filter(
    (part) => part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection) && !checker.isArrayLikeType(part),
  );
  return (
    moduleOptions(checker, literal, at) ??
    withoutGiven(
      literal,
      objects.flatMap((part) => checker.getPropertiesOfType(part)),
      at,
    )
  );
}

/** The innermost node of a kind around a position. */
export function enclosing<T extends ts.Node>(
  file: ts.SourceFile,
  position: number,
  is: (node: ts.Node) => node is T,
): T | undefined {
  let found: T | undefined;
  const visit = (node: ts.Node): void => {
    if (node.getStart(file) >= position) return;
    // of one that is not closed, blanks may follow
    const isAfter =
      position > node.end && (/[)}\]]/.test(file.text[node.end - 1]) || file.text.slice(node.end, position).trim());
    if (isAfter) return;
    if (is(node)) found = node;
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return found;
}

/** The object literal that a position is in, where a property's name is expected. */
export function objectAt(file: ts.SourceFile, position: number): ts.ObjectLiteralExpression | undefined {
  const literal = enclosing(file, position, ts.isObjectLiteralExpression);
  const isInValue = literal?.properties.some(
    (property) =>
      ts.isPropertyAssignment(property) && property.initializer.pos <= position && position <= property.initializer.end,
  );
  return isInValue ? undefined : literal;
}
