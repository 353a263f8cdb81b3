// Writes dist/src/lab/built-in-configs.d.ts: the config types of all modules in the catalogue as plain object types, with
// the options' descriptions. The source derives the same types from the options' schemas, which takes every new type
// checker, in an editor or notebook, a third of a second before the first completion.

import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './paths.mjs';

const require = createRequire(import.meta.url);
const dist = join(root, 'dist', 'src');
const target = join(dist, 'lab', 'built-in-configs.d.ts');
const FLAGS =
  ts.NodeBuilderFlags.NoTruncation |
  ts.NodeBuilderFlags.InTypeAlias |
  ts.NodeBuilderFlags.UseStructuralFallback |
  ts.NodeBuilderFlags.UseAliasDefinedOutsideCurrentScope;
const { factory } = ts;
const printer = ts.createPrinter({ removeComments: false });

/** The program of the declarations in dist/, with `text` as the content of built-in-configs.d.ts. */
function programOf(text) {
  const options = {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    esModuleInterop: true,
    skipLibCheck: true,
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  host.getSourceFile = (path, target_, ...rest) =>
    path === target ? ts.createSourceFile(path, text, target_, true) : read(path, target_, ...rest);
  return ts.createProgram([target], options, host);
}

/** Kind, type name and options type of every definition, as the source derives them. */
function definitionsOf(source) {
  const text = `import type { z } from 'zod';
import type { ModuleDefinition } from '../catalogue/registry';
${source}
type InputOf<D> = D extends ModuleDefinition<infer Options, infer _Built, infer Type, infer K>
  ? { kind: K; type: Type; options: z.input<Options> } : never;
export type Inputs = InputOf<Definitions>;`;
  const program = programOf(text);
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(target);
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(file)).find((s) => s.name === 'Inputs');
  const all = checker.getDeclaredTypeOfSymbol(symbol);
  const typeOf = (type, name) => checker.getTypeOfSymbol(checker.getPropertyOfType(type, name));
  return (all.isUnion() ? all.types : [all]).map((type) => ({
    kind: typeOf(type, 'kind').value,
    type: typeOf(type, 'type').value,
    node: checker.typeToTypeNode(typeOf(type, 'options'), file, FLAGS),
  }));
}

const nestedKind = (node) =>
  ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName) && node.typeName.text === 'NestedModule'
    ? node.typeArguments[0]
    : undefined;
const reference = (name, kind) => factory.createTypeReferenceNode(name, [kind]);
const moduleNode = (name, kind) =>
  factory.createUnionTypeNode([reference(name, kind), reference('NestedModule', kind)]);
const visit = (node, visitor) => ts.visitEachChild(node, visitor, undefined);

/** A schema's input with nested modules replaced by their config types: `Filled` of config-types.ts. */
const filled = (node) => {
  const kind = nestedKind(node);
  return kind ? moduleNode('ConfigOf', kind) : visit(node, filled);
};

const optional = (name, type) =>
  factory.createPropertySignature(undefined, name, factory.createToken(ts.SyntaxKind.QuestionToken), type);

const deletion = () => optional('_delete_', factory.createKeywordTypeNode(ts.SyntaxKind.BooleanKeyword));

/** Key and value type of a `Record<string, ...>`. */
const recordOf = (node) =>
  ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName) && node.typeName.text === 'Record'
    ? node.typeArguments
    : undefined;

/** A type with all options optional, recursively: `Override` of config-types.ts. */
function override(node) {
  const record = recordOf(node);
  if (record) {
    const entries = factory.createTypeReferenceNode('Record', [record[0], override(record[1])]);
    const some = factory.createTypeReferenceNode('Partial', [entries]);
    return factory.createIntersectionTypeNode([some, factory.createTypeLiteralNode([deletion()])]);
  }
  const kind = nestedKind(node);
  if (kind) return moduleNode('ModuleOverride', kind);
  if (ts.isUnionTypeNode(node) || ts.isParenthesizedTypeNode(node)) return visit(node, override);
  if (ts.isTypeLiteralNode(node)) {
    const members = node.members.map((member) => {
      if (ts.isPropertySignature(member)) return optional(member.name, override(member.type));
      const { modifiers, parameters, type } = member;
      // entries are optional, like options
      const entry = [override(type), factory.createKeywordTypeNode(ts.SyntaxKind.UndefinedKeyword)];
      return factory.createIndexSignature(modifiers, parameters, factory.createUnionTypeNode(entry));
    });
    return factory.createTypeLiteralNode([...members, deletion()]);
  }
  return filled(node);
}

/** A member with a doc comment. */
function commented(member, comment) {
  const text = comment.replaceAll('*/', '*\\/').replace(/\s+/g, ' ');
  return text
    ? ts.addSyntheticLeadingComment(member, ts.SyntaxKind.MultiLineCommentTrivia, `* ${text} `, true)
    : member;
}

/** The options of `node` with their descriptions as comments. */
function documented(node, definition, { readOption, shapeOf }) {
  const shape = (definition && shapeOf(definition.options)) ?? {};
  return factory.createTypeLiteralNode(
    node.members.map((member) => {
      const name = member.name?.text;
      if (name === undefined || !Object.hasOwn(shape, name)) return member;
      const { meaning, default: initial } = readOption(shape[name]);
      const inferred = definition.inferred?.[name];
      const parts = [
        meaning,
        initial && `Default: \`${JSON.stringify(initial.value)}\``,
        inferred && `Inferred: ${inferred}`,
      ];
      return commented(member, parts.filter(Boolean).join('. '));
    }),
  );
}

const literals = (node) => (ts.isIntersectionTypeNode(node) ? node.types : [node]);

/** The intersection of an extended schema as one object type. */
function oneLiteral(node, name) {
  const parts = literals(node);
  if (!parts.every(ts.isTypeLiteralNode)) throw new Error(`the options of ${name} are no plain object type`);
  // a schema without options forbids every key
  const isOption = (member) =>
    !ts.isIndexSignatureDeclaration(member) || member.type.kind !== ts.SyntaxKind.NeverKeyword;
  return factory.createTypeLiteralNode(parts.flatMap((part) => part.members.filter(isOption)));
}

function expanded(definitions, catalogue, reading, configNames) {
  const out = [];
  const kinds = new Map();
  const names = new Set();
  const print = (node) => printer.printNode(ts.EmitHint.Unspecified, node, ts.createSourceFile('x.ts', '', 99));
  for (const { kind, type, node } of definitions) {
    const definition = catalogue.find(kind, type);
    const identifier = type.replace(/[^A-Za-z0-9_$]/g, '_');
    const name = names.has(identifier) ? `${identifier}_${kind}` : identifier;
    names.add(name);
    const whole = oneLiteral(node, type);
    const typeName = factory.createLiteralTypeNode(factory.createStringLiteral(type, true));
    const typeMember = commented(
      factory.createPropertySignature(undefined, 'type', undefined, typeName),
      [definition?.summary, definition?.origin].filter(Boolean).join('. '),
    );
    const write = (suffix, body) => {
      const { members } = documented(body, definition, reading);
      out.push(`export type ${name}${suffix} = ${print(factory.createTypeLiteralNode([typeMember, ...members]))};`);
    };
    write('Config', filled(whole));
    write('Choice', override(whole));
    out.push(`export type ${name}Override = Partial<${name}Choice>;`);
    kinds.set(kind, [...(kinds.get(kind) ?? []), [type, name]]);
  }
  const table = (suffix) =>
    [...kinds].map(([kind, all]) => `  ${kind}: ${all.map(([, name]) => name + suffix).join(' | ')};`).join('\n');
  const entries = [...kinds].map(([kind, all]) => `  ${kind}: ${all.map(([type]) => `'${type}'`).join(' | ')};`);
  out.push(`export interface Names {\n${entries.join('\n')}\n}`);
  for (const suffix of ['Config', 'Choice', 'Override']) out.push(`export interface ${suffix}s {\n${table(suffix)}\n}`);
  const filledIn = ['Names', 'Configs', 'Choices', 'Overrides'].map(
    (name) => `  interface BuiltIn${name} extends ${name} {}`,
  );
  out.push(`declare module '../config/config-names' {
  interface ConfigNames {
${configNames.map((name) => `    '${name}': true;`).join('\n')}
  }
}`);
  out.push(`declare module '../catalogue/module-configs' {\n${filledIn.join('\n')}\n}`);
  return `// Written by scripts/setup/built-in-configs.mjs from the catalogue's definitions.
import type { ConfigOf, ModuleOverride } from '../catalogue/config-types';
import type { NestedModule } from '../catalogue/registry';

${out.join('\n')}
`;
}

/** @throws Error when a type cannot be written out; dist/ then keeps the derived types */
function writeBuiltInConfigs() {
  const source = ts.sys.readFile(join(root, 'src', 'lab', 'built-in-configs.ts'));
  const definitions = definitionsOf(source);
  const { catalogue } = require(join(dist, 'lab', 'catalogue.js'));
  const { listConfigs } = require(join(dist, 'config', 'find-config.js'));
  const text = expanded(definitions, catalogue, require(join(dist, 'catalogue', 'option-schema.js')), [
    ...listConfigs().keys(),
  ]);
  const program = programOf(text);
  const file = program.getSourceFile(target);
  const problems = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  if (problems.length)
    throw new Error(
      problems
        .slice(0, 5)
        .map(({ start, messageText }) => {
          const at = file.getLineAndCharacterOfPosition(start).line + 1;
          return `built-in-configs.d.ts:${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
        })
        .join('\n'),
    );
  writeFileSync(`${target}.${process.pid}`, text);
  renameSync(`${target}.${process.pid}`, target);
}

writeBuiltInConfigs();
