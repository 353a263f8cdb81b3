// TypeScript config files: constants, imports of other configs, and `export default defineConfig({ ... })`. They are data
// in TypeScript syntax, so that an editor can check them; they are parsed, never executed.

import type { Declaration, ImportDeclaration, Node, Statement } from '@babel/types';
import { nameOfValue } from '../errors';
import { type ConfigObject, type ConfigValue, isObject } from './data';
import { type ConfigDocument, type ImportConfig, type ImportedConfig, takeBases } from './document';
import { evaluate, fail, type Scope } from './evaluate';
import { errorAt, type SourceFile } from './source';
import { parseModule } from './syntax';

/**
 * @param importConfig loads another config file that the source imports from.
 * @throws DetLabError with file, line, column, the source line and what to write instead.
 */
export function readTypeScript(source: SourceFile, importConfig: ImportConfig): ConfigDocument {
  const constants = new Map<string, ConfigValue>();
  const imports = new Map<string, () => ConfigValue>();
  const exports = new Map<string, ConfigValue>();
  const scope: Scope = {
    source,
    json: false,
    lookup: (name) => (constants.has(name) ? constants.get(name) : imports.get(name)?.()),
    names: () => [...constants.keys(), ...imports.keys()],
  };
  let result: { config: ConfigObject; node: Node } | undefined;

  for (const statement of parseModule(source).program.body) {
    if (statement.type === 'ImportDeclaration') declareImports(statement, source, importConfig, imports);
    else if (statement.type === 'ExportDefaultDeclaration') {
      if (result) throw fail(statement, scope, 'expected one default export, received two');
      result = evaluateConfig(statement.declaration, scope);
    } else if (statement.type === 'ExportNamedDeclaration' && statement.declaration) {
      for (const [name, value] of declareConstants(statement.declaration, scope)) {
        constants.set(name, value);
        exports.set(name, value);
      }
    } else for (const [name, value] of declareConstants(statement, scope)) constants.set(name, value);
  }
  if (!result)
    throw errorAt(
      { source, offset: Math.max(0, source.text.trimEnd().length - 1) },
      'the file has no default export. End it with export default defineConfig({ ... })',
    );
  return { ...takeBases(result.config, { source, offset: result.node.start ?? 0 }), exports };
}

/** `{ ... }` or `defineConfig({ ... })`. */
function evaluateConfig(node: Node, scope: Scope): { config: ConfigObject; node: Node } {
  let expression = node;
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'defineConfig') {
    if (node.arguments.length !== 1) throw fail(node, scope, 'defineConfig takes one object: defineConfig({ ... })');
    expression = node.arguments[0];
  }
  const config = evaluate(expression, scope);
  if (!isObject(config)) throw fail(expression, scope, `expected an object, received ${nameOfValue(config)}`);
  return { config, node: expression };
}

/** Imports are loaded when their name is first used, so that importing `defineConfig` or a type loads nothing. */
function declareImports(
  node: ImportDeclaration,
  source: SourceFile,
  importConfig: ImportConfig,
  imports: Map<string, () => ConfigValue>,
): void {
  const place = { source, offset: node.source.start ?? 0 };
  let loaded: ImportedConfig | undefined;
  const load = () => (loaded ??= importConfig({ request: node.source.value, place }));
  for (const specifier of node.specifiers) {
    if (specifier.type === 'ImportDefaultSpecifier') imports.set(specifier.local.name, () => load().config);
    else if (specifier.type === 'ImportSpecifier') {
      const name = specifier.imported.type === 'Identifier' ? specifier.imported.name : specifier.imported.value;
      imports.set(specifier.local.name, () => importedValue(load(), name, specifier, source));
    } else throw fail(specifier, { source }, "import the config itself: import base from './base'");
  }
}

function importedValue(imported: ImportedConfig, name: string, node: Node, source: SourceFile): ConfigValue {
  const value = name === 'default' ? imported.config : imported.exports.get(name);
  if (value !== undefined) return value;
  const known = [...imported.exports.keys()].join(', ') || 'no names';
  throw fail(node, { source }, `the file does not export "${name}". It exports ${known}, and its config by default`);
}

/** The constants that a statement declares; type declarations have none. */
function* declareConstants(node: Statement | Declaration, scope: Scope): Generator<[string, ConfigValue]> {
  switch (node.type) {
    case 'TSTypeAliasDeclaration':
    case 'TSInterfaceDeclaration':
    case 'EmptyStatement':
      return;
    case 'VariableDeclaration': {
      if (node.kind !== 'const') throw fail(node, scope, `expected a constant, received ${node.kind}. Write const`);
      for (const { id, init } of node.declarations) {
        if (id.type !== 'Identifier') throw fail(id, scope, 'destructuring is not supported. Write const name = value');
        if (!init) throw fail(id, scope, `the constant "${id.name}" has no value. Write const ${id.name} = value`);
        yield [id.name, evaluate(init, scope)];
      }
      return;
    }
    case 'ExpressionStatement':
      if (node.expression.type === 'AssignmentExpression')
        throw fail(node, scope, 'assignments are not data. Declare a constant, or write the value itself');
      break;
    case 'ExportNamedDeclaration':
      if (node.exportKind === 'type') return;
      throw fail(node, scope, 'export a constant where it is declared: export const name = value');
  }
  throw fail(
    node,
    scope,
    'a config file is read, not executed: expected an import, a constant, a type or export default defineConfig({ ... })',
  );
}
