// `register(lazyNeck)` in a cell declares the module's config to TypeScript as well, so that `.neck('LazyNeck')` and its
// options are checked and completed like those of built-in modules. A script declares it by hand: see UserModules.

import ts from 'typescript';
import type { Entry } from './earlier-declarations';

interface Registered {
  key: string;
  type: string;
  /** A function that is never called, whose type is that of a definition in place. */
  function?: string;
}

const textAt = (object: ts.ObjectLiteralExpression, key: string): string | undefined => {
  for (const property of object.properties)
    if (
      ts.isPropertyAssignment(property) &&
      property.name.getText() === key &&
      ts.isStringLiteralLike(property.initializer)
    )
      return property.initializer.text;
  return undefined;
};

/** `register(defineModule({ kind: 'neck', type: 'LazyNeck', ... }))`: its options have no name. */
function inlineModule(argument: ts.Expression): Registered | undefined {
  if (!ts.isCallExpression(argument) || argument.expression.getText() !== 'defineModule') return undefined;
  const [given] = argument.arguments;
  if (!given || !ts.isObjectLiteralExpression(given)) return undefined;
  const [kind, type] = [textAt(given, 'kind'), textAt(given, 'type')];
  if (kind === undefined || type === undefined) return undefined;
  // At the top level all names in it are known at the end of the cell, too.
  const statement = argument.parent.parent;
  if (ts.isExpressionStatement(statement) && ts.isSourceFile(statement.parent)) {
    const name = `__registered_${type.replace(/\W/g, '_')}__`;
    return {
      key: type,
      type: `ReturnType<typeof ${name}>`,
      function: `\nfunction ${name}() { return ${argument.getText()}; }`,
    };
  }
  const [quotedType, quotedKind] = [JSON.stringify(type), JSON.stringify(kind)];
  const options = "import('zod').ZodType<unknown, { [option: string]: unknown }>";
  const definition = `import('detlab').ModuleDefinition<${options}, unknown, ${quotedType}, ${quotedKind}>`;
  return { key: type, type: definition };
}

/** What a cell registers: variables of this cell or of earlier ones, and definitions in place. */
function registeredIn(cell: ts.SourceFile, isVariable: (name: string) => boolean): Registered[] {
  const found = new Map<string, Registered>();
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText(cell) === 'register' && node.arguments.length === 1) {
      const [argument] = node.arguments;
      const inline = inlineModule(argument);
      if (inline) found.set(inline.key, inline);
      else if (ts.isIdentifier(argument) && isVariable(argument.text))
        found.set(argument.text, { key: argument.text, type: `typeof ${argument.text}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(cell);
  return [...found.values()];
}

const keyOf = (key: string) => `register(${key})`;

/** The declarations that a cell's calls of `register` stand for, and the earlier entries without those they replace. */
export function declareRegistered(
  cell: ts.SourceFile,
  exported: readonly string[],
  earlier: Entry[],
): { text: string; earlier: Entry[] } {
  const names = new Set([...exported, ...earlier.map(({ name }) => name)]);
  const registered = registeredIn(cell, (name) => names.has(name));
  if (registered.length === 0) return { text: '', earlier };
  const members = registered.map(({ key, type }) => `${JSON.stringify(keyOf(key))}: ${type};`);
  const replaced = ({ name, text }: Entry) =>
    name === undefined && registered.some(({ key }) => text.includes(JSON.stringify(keyOf(key))));
  // one declaration each, so that another registration of one module replaces only that
  const modules = members.map((member) => `\ndeclare module 'detlab' { interface UserModules { ${member} } }`);
  const text = [...registered.map((one) => one.function ?? ''), ...modules].join('');
  return { text, earlier: earlier.filter((entry) => !replaced(entry)) };
}
