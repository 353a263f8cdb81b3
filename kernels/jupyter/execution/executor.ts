// Compiles a cell and runs it on this thread. A cell that fails keeps what it declared so far and wipes nothing it would
// have replaced; an await loop can be stopped; stack traces lead back to the cell's own lines.

import { join } from 'node:path';
import { types } from 'node:util';
import vm from 'node:vm';
import type { CompilerClient } from '../compiler/client';
import type { CompiledCell } from '../compiler/compiler';
import { RESULT } from '../compiler/emit';
import { Phase } from '../protocol/thread-messages';
import { type Cell, cells, Interrupted, resume } from '../session/cell';
import { createCellModules } from './cell-modules';
import { createSourcePositions } from './source-positions';
import { type Locate, TypeScriptError } from './traceback';

export type Outcome = { status: 'ok'; value: unknown } | { status: 'error'; error: unknown };

const HIDDEN = Symbol.for('detlab.cell');
const KEPT_MAPS = 500;

export const fileOfCell = (number: number) => `cell[${number}]`;

export interface ExecutorOptions {
  /** Where the notebook lies. */
  directory: string;
  compiler: CompilerClient;
  onPhase(phase: number): void;
  /** Variables every cell has from the start. */
  variables: Record<string, unknown>;
  /** Modules of the kernel's own, by name. */
  builtin: ReadonlyMap<string, () => unknown>;
}

export interface Executor {
  run(source: string, cell: Cell): Promise<Outcome>;
  /** Ends the wait for a cell that does not end by itself. */
  cut(error: Interrupted): void;
  locate: Locate;
}

export function createExecutor({ directory, compiler, onPhase, variables, builtin }: ExecutorOptions): Executor {
  const positions = createSourcePositions();
  const modules = createCellModules(compiler, positions, builtin);
  const file = join(directory, 'cell.ts');
  let cut: (error: Interrupted) => void = () => {};

  // Named imports are getters in CommonJS; a cell's names must stay assignable and redefinable.
  const define = (target: Record<string, unknown>, name: string, property: PropertyDescriptor) => {
    if (name !== '__esModule') target[name] = property.get ? property.get() : property.value;
  };

  /** Loads what the cell imports; names that earlier cells imported from modules that have changed follow them. */
  async function link(compiled: CompiledCell): Promise<void> {
    const stale = modules.update(compiled.modules);
    const followers = compiled.bindings.filter(({ path, name }) => stale.has(path) && Object.hasOwn(variables, name));
    const resolved = Object.fromEntries(followers.map(({ path }) => [path, path]));
    await modules.prepare(file, { imports: Object.keys(resolved), resolved });
    for (const { name, path, imported } of followers) variables[name] = modules.exported(path, imported);
    await modules.prepare(file, compiled);
  }

  function start(compiled: CompiledCell, cell: Cell): unknown {
    const { require, import: importer, meta } = modules.scope(file, compiled);
    const passed = [variables, require, resume, define, importer, meta];
    Object.defineProperty(globalThis, HIDDEN, { value: passed, enumerable: false, configurable: true });
    const parameters = 'exports, require, __resume__, __define__, __import__, __meta__';
    const before = `(${compiled.awaits ? 'async ' : ''}function (${parameters}) { `;
    const script = new vm.Script(`${before}${compiled.code}\n})(...globalThis[Symbol.for('detlab.cell')])`, {
      filename: fileOfCell(cell.number),
      columnOffset: -before.length,
    });
    onPhase(Phase.Sync);
    return cells.run(cell, () => script.runInThisContext({ breakOnSigint: true, displayErrors: false }));
  }

  async function run(source: string, cell: Cell): Promise<Outcome> {
    onPhase(Phase.Kernel);
    const stopped = new Promise<never>((_, reject) => {
      cut = reject;
    });
    stopped.catch(() => {});
    let compiled: CompiledCell;
    try {
      const result = await Promise.race([compiler.compile(source), stopped]);
      if ('problems' in result) throw new TypeScriptError(result.problems);
      compiled = result.cell;
    } catch (error) {
      return { status: 'error', error };
    }
    const { declared, hasResult } = compiled;
    positions.remember(fileOfCell(cell.number), compiled);
    positions.forget(fileOfCell(cell.number - KEPT_MAPS));

    const before = new Map<string, unknown>();
    let outcome: Outcome = { status: 'ok', value: undefined };
    let started = false;
    try {
      onPhase(Phase.Await);
      await Promise.race([cells.run(cell, () => link(compiled)), stopped]);
      if (cell.stopped) throw cell.stopped; // while it was compiled
      started = true;
      for (const name of declared) {
        if (Object.hasOwn(variables, name)) before.set(name, variables[name]);
        delete variables[name];
      }
      const returned = start(compiled, cell);
      if (compiled.awaits) {
        onPhase(Phase.Await);
        (returned as Promise<unknown>).catch(() => {}); // it may fail after it was cut
        await Promise.race([returned, stopped]);
      }
      // a promise as the last expression is waited for, and shown as what it brings: `recipe.fit(data)`
      if (hasResult && types.isPromise(variables[RESULT])) {
        onPhase(Phase.Await);
        variables[RESULT] = await Promise.race([variables[RESULT], stopped]);
      }
    } catch (error) {
      outcome = { status: 'error', error: asInterrupted(error) };
    } finally {
      onPhase(Phase.Kernel);
      cut = () => {};
    }

    const unreached = declared.filter((name) => name !== RESULT && !(started && Object.hasOwn(variables, name)));
    for (const name of unreached) if (before.has(name)) variables[name] = before.get(name);
    compiler.commit(unreached);
    if (outcome.status === 'ok' && hasResult) outcome.value = variables[RESULT];
    delete variables[RESULT];
    return outcome;
  }

  return {
    run,
    cut: (error) => cut(error),
    locate: positions.find,
  };
}

const asInterrupted = (error: unknown) =>
  (error as NodeJS.ErrnoException)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED'
    ? new Interrupted('Stopped by the user')
    : error;
