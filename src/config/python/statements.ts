// Executes statements: assignments, loops and conditions at the top level of a config.

import { deleteAttribute, getAttribute, setAttribute } from './attributes';
import { charge } from './budget';
import { Evaluator, type Scope, type SourceContext, undefinedFunction } from './evaluate';
import { iterate } from './iterate';
import { isStandardModule, standardModule } from './modules';
import { augmented } from './operators';
import { deleteItem, getItem, setItem } from './subscript';
import type { Expression, Statement } from './syntax';
import { type Origin, PythonError, truth, type Value } from './values';

/** Handles imports from outside the standard library, which differ between the two styles of configs. */
export type ForeignImport = (statement: Extract<Statement, { kind: 'import' | 'from' | 'with' }>) => void;

type Flow = 'break' | 'continue' | undefined;

export class Interpreter extends Evaluator {
  /** Origin of the last assignment of each top-level name, if origins are recorded. */
  readonly origins = new Map<string, Origin>();

  constructor(
    context: SourceContext,
    readonly scope: Scope,
    private readonly foreign: ForeignImport,
    /** Names whose assignment is skipped, such as `_base_`. */
    private readonly ignored: ReadonlySet<string> = new Set(),
  ) {
    super(context);
  }

  run(statements: readonly Statement[]): void {
    const flow = this.block(statements);
    if (flow) this.context.fail(statements[0].at, `${flow} outside of a loop`);
  }

  private block(statements: readonly Statement[]): Flow {
    for (const statement of statements) {
      charge();
      try {
        const flow = this.statement(statement);
        if (flow) return flow;
      } catch (error) {
        throw this.placed(error, statement.at);
      }
    }
    return undefined;
  }

  private statement(node: Statement): Flow {
    switch (node.kind) {
      case 'expression':
        this.evaluate(node.value, this.scope);
        return;
      case 'assign': {
        const [first] = node.targets;
        if (first.kind === 'name' && this.ignored.has(first.name)) return;
        const value = this.evaluate(node.value, this.scope);
        for (const target of node.targets) this.bind(target, value);
        return;
      }
      case 'augment':
        this.augment(node.target, node.operator, this.evaluate(node.value, this.scope));
        return;
      case 'delete':
        for (const target of node.targets) this.remove(target);
        return;
      case 'for':
        return this.loop(node);
      case 'if': {
        for (const { body } of node.branches) this.checkIgnored(body);
        this.checkIgnored(node.otherwise);
        const taken = node.branches.find(({ test }) => truth(this.evaluate(test, this.scope)));
        return this.block(taken ? taken.body : node.otherwise);
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'pass':
        return;
      case 'function':
        this.scope.names.set(node.name, undefinedFunction(node.name));
        return;
      case 'import':
        return this.importModules(node);
      case 'from':
        return this.importNames(node);
      case 'with':
        this.foreign(node);
        return;
      case 'refused':
        throw new PythonError(node.message);
    }
  }

  /** A block that is empty without the skipped assignment is rejected, as by mmengine. */
  private checkIgnored(body: readonly Statement[]): void {
    const left = body.filter(
      (node) => !(node.kind === 'assign' && node.targets[0].kind === 'name' && this.ignored.has(node.targets[0].name)),
    );
    if (body.length && !left.length)
      this.context.fail(body[0].at, '_base_ must be at the top level, outside of conditions and loops');
  }

  private loop(node: Extract<Statement, { kind: 'for' }>): Flow {
    this.checkIgnored(node.body);
    this.checkIgnored(node.otherwise);
    for (const item of iterate(this.evaluate(node.over, this.scope))) {
      this.bind(node.target, item);
      if (this.block(node.body) === 'break') return;
    }
    return this.block(node.otherwise);
  }

  override bind(target: Expression, value: Value, scope = this.scope): void {
    const origin = this.context.origin?.(target.at);
    if (scope !== this.scope || target.kind === 'name') {
      super.bind(target, value, scope);
      if (target.kind === 'name' && scope === this.scope && origin)
        this.origins.set(target.name, { ...origin, previous: this.origins.get(target.name) });
    } else if (target.kind === 'tuple' || target.kind === 'list') this.unpack(target.items, value, scope, target.at);
    else if (target.kind === 'attribute') setAttribute(this.evaluate(target.object, scope), target.name, value, origin);
    else if (target.kind === 'subscript')
      setItem(this.evaluate(target.object, scope), this.index(target.index, scope), value, origin);
    else throw new PythonError('invalid assignment target');
  }

  private augment(target: Expression, operator: string, value: Value): void {
    if (target.kind === 'name') {
      const known = this.evaluate(target, this.scope);
      this.bind(target, augmented(operator, known, value));
    } else if (target.kind === 'attribute') {
      const object = this.evaluate(target.object, this.scope);
      const result = augmented(operator, getAttribute(object, target.name), value);
      setAttribute(object, target.name, result, this.context.origin?.(target.at));
    } else if (target.kind === 'subscript') {
      const object = this.evaluate(target.object, this.scope);
      const index = this.index(target.index, this.scope);
      setItem(object, index, augmented(operator, getItem(object, index), value), this.context.origin?.(target.at));
    } else throw new PythonError('expected a single name before an augmented assignment');
  }

  private remove(target: Expression): void {
    if (target.kind === 'name') {
      if (!this.scope.names.delete(target.name))
        throw new PythonError(`cannot delete "${target.name}": it is not defined`);
    } else if (target.kind === 'attribute') deleteAttribute(this.evaluate(target.object, this.scope), target.name);
    else if (target.kind === 'subscript')
      deleteItem(this.evaluate(target.object, this.scope), this.index(target.index, this.scope));
    else if (target.kind === 'tuple' || target.kind === 'list') for (const item of target.items) this.remove(item);
  }

  private importModules(node: Extract<Statement, { kind: 'import' }>): undefined {
    for (const { path, name } of node.modules) {
      if (!isStandardModule(path)) this.foreign({ ...node, modules: [{ path, name }] });
      else if (name !== undefined) this.scope.names.set(name, standardModule(path));
      else {
        const top = path.split('.')[0];
        this.scope.names.set(top, standardModule(top));
      }
    }
  }

  private importNames(node: Extract<Statement, { kind: 'from' }>): undefined {
    if (node.level > 0 || !isStandardModule(node.path)) {
      this.foreign(node);
      return;
    }
    if (node.names === '*')
      throw new PythonError(`import * is not supported. Import names: from ${node.path} import name`);
    const module = standardModule(node.path);
    for (const { name, as } of node.names) {
      this.scope.names.set(as, module.members.get(name) ?? standardModule(`${node.path}.${name}`));
    }
  }
}
