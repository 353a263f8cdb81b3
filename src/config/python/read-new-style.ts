// Reads new-style Python configs: `with read_base(): from ... import *` inherits, other imports name classes, kept as names:
// mmengine's Config._parse_lazy_import, without executing code.

import { errorAt, type SourceFile } from '../source';
import { Scope } from './evaluate';
import { isStandardModule } from './modules';
import { isCode } from './plain';
import type { PythonConfig, PythonReading } from './python-config';
import { toConfigDict } from './read-classic';
import { sourceContext } from './source-context';
import { Interpreter } from './statements';
import type { Expression, Statement } from './syntax';
import { Dict, Lazy, PythonError } from './values';

type FromImport = Extract<Statement, { kind: 'from' }>;

const isReadBase = (context: Expression) =>
  context.kind === 'call' && context.callee.kind === 'name' && context.callee.name === 'read_base';

/** Whether mmengine reads the file as new-style: it has read_base, or imports from outside the standard library. */
export function isNewStyle(statements: readonly Statement[], source: SourceFile): boolean {
  let level: readonly Statement[] = statements;
  while (level.length) {
    const below: Statement[] = [];
    for (const node of level) {
      if (node.kind === 'assign' && node.targets[0].kind === 'name' && node.targets[0].name === '_base_') return false;
      if (node.kind === 'with') {
        if (!isReadBase(node.context))
          throw errorAt(
            { source, offset: node.at },
            'expected "with read_base():", other with statements are not supported',
          );
        return true;
      }
      if (node.kind === 'from') {
        if (node.level > 0) return true;
        const config =
          node.path === 'mmengine' && node.names !== '*' && node.names.length === 1 && node.names[0].name === 'Config';
        if (!config && !isStandardModule(node.path)) return true;
      }
      if (node.kind === 'import' && node.modules.some(({ path }) => !isStandardModule(path))) return true;
      if (node.kind === 'for') below.push(...node.body, ...node.otherwise);
      if (node.kind === 'if') below.push(...node.branches.flatMap(({ body }) => body), ...node.otherwise);
    }
    level = below;
  }
  return false;
}

export function readNewStyle(
  source: SourceFile,
  statements: readonly Statement[],
  reading: PythonReading,
): PythonConfig {
  const errors = sourceContext(source, (offset) => offset, reading.explain);
  const imported = new Set<string>();
  const scope = new Scope();
  const origins = new Map<string, NonNullable<ReturnType<NonNullable<typeof errors.origin>>>>();

  const takeBase = (node: FromImport) => {
    const request = { request: '.'.repeat(node.level) + node.path, place: { source, offset: node.at } };
    if (!node.path) throw errorAt(request.place, 'name the config file: from .folder.file import *');
    const base = reading.loadModule(request);
    for (const name of base.imported) imported.add(name);
    const imports =
      node.names === '*' ? base.config.keys().map((key) => ({ name: String(key), as: String(key) })) : node.names;
    for (const { name, as } of imports) {
      const entry = base.config.entries.get(name);
      if (!entry)
        throw errorAt(
          request.place,
          `"${request.request}" has no "${name}". It has ${base.config.keys().slice(0, 30).map(String).join(', ')}`,
        );
      scope.names.set(as, entry.value);
      if (entry.origin) origins.set(as, entry.origin);
    }
  };

  const bases = statements.filter((node) => node.kind === 'with');
  // after the imports it is an ordinary name, as in mmengine
  const above = statements.slice(0, Math.max(0, statements.indexOf(bases[0])));
  for (const node of above)
    if (node.kind === 'assign' && node.targets[0].kind === 'name' && node.targets[0].name === '_base_')
      errors.fail(
        node.at,
        '_base_ is for classic configs. Import bases in a new-style one: with read_base(): from .base import *',
      );
  if (bases.length > 1) errors.fail(bases[1].at, 'expected one "with read_base():" with all imports of bases');
  for (const { context, body } of bases) {
    if (!isReadBase(context))
      errors.fail(context.at, 'expected "with read_base():", other with statements are not supported');
    for (const node of body) {
      if (node.kind !== 'from') errors.fail(node.at, 'expected from ... import ... in read_base()');
      else takeBase(node);
    }
  }

  const lazy = new LazyImports(imported, (name, value) => scope.names.set(name, value), statements);
  const interpreter = new Interpreter(errors, scope, (node) => {
    if (node.kind === 'with') return;
    if (node.kind === 'from') lazy.names(node);
    else lazy.modules(node.modules);
  });
  for (const [name, origin] of origins) interpreter.origins.set(name, origin);
  for (const node of statements) noteStandardImports(node, imported);
  lazy.gather();
  scope.names.set('__file__', source.path);
  interpreter.run(statements);

  const config = new Dict();
  for (const [name, value] of scope.names)
    if (!name.startsWith('__') && !(isCode(value) && !imported.has(name)))
      config.set(name, value, interpreter.origins.get(name));
  return { config: newStyleDict(config), style: 'new', imported };
}

function newStyleDict(config: Dict): Dict {
  const made = new Dict();
  made.config = true;
  for (const { key, value, origin } of config.entries.values())
    made.set(key, isCode(value) ? value : toConfigDict(value, undefined, false), origin);
  return made;
}

function noteStandardImports(node: Statement, imported: Set<string>): void {
  if (node.kind === 'from' && node.level === 0 && isStandardModule(node.path) && node.names !== '*')
    for (const { as } of node.names) imported.add(as);
  if (node.kind === 'import') for (const { name } of node.modules) if (name !== undefined) imported.add(name);
}

/** Imports that are kept as names. */
class LazyImports {
  constructor(
    private readonly imported: Set<string>,
    private readonly set: (name: string, value: Lazy) => void,
    private readonly statements: readonly Statement[],
  ) {}

  /** `import a.b` and `import a.c` define one name, `a`, from the first line on. */
  gather(): void {
    for (const node of this.statements) {
      if (node.kind !== 'import') continue;
      for (const { path, name } of node.modules) {
        if (name !== undefined || isStandardModule(path)) continue;
        const top = path.split('.')[0];
        this.imported.add(top);
        this.set(top, new Lazy(top, top, top));
      }
    }
  }

  modules(modules: readonly { path: string; name?: string }[]): void {
    for (const { path, name } of modules) if (name !== undefined) this.set(name, new Lazy(path, path, path));
  }

  names(node: FromImport): void {
    const module = '.'.repeat(node.level) + node.path;
    if (node.names === '*')
      throw new PythonError(`import * is for configs, inside read_base(). Import names: from ${module} import Name`);
    for (const { name, as } of node.names) {
      this.imported.add(as);
      this.set(as, new Lazy(module, name, `${module}.${name}`));
    }
  }
}
