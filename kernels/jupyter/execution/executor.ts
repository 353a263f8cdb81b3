// Compiles a cell and runs it on this thread. A failing cell keeps what it has declared and deletes nothing that it
// would have replaced; an await loop can be stopped; stack traces refer to the cell's own lines.

import { join } from 'node:path';
import { types } from 'node:util';
import vm from 'node:vm';
import type { CompilerClient } from '../compiler/client';
import type { CompiledCell } from '../compiler/compiler';
import { RESULT } from '../compiler/result-name';
import { Phase } from '../protocol/thread-messages';
import { type Cell, cells, Interrupted, resume } from '../session/cell';
import { inSeparateTurn } from '../session/separate-turn';
import { CellModules } from './cell-modules';
import { createSourcePositions } from './source-positions';
import { type Locate, TypeScriptError } from './traceback';

export type Outcome = { status: 'ok'; value: unknown } | { status: 'error'; error: unknown };

export type Compiling = ReturnType<CompilerClient['compile']>;

const SCOPE = Symbol.for('detlab.cell');
const PARAMETERS = 'exports, require, __resume__, __define__, __import__, __meta__';
/** Cells whose source maps are kept. */
const MAX_MAPS = 500;

export const fileOfCell = (number: number) => `cell[${number}]`;

export interface ExecutorOptions {
  /** The folder of the notebook. */
  directory: string;
  compiler: CompilerClient;
  onPhase(phase: number): void;
  /** Variables of every cell. */
  variables: Record<string, unknown>;
  /** Modules that the kernel itself provides, by name. */
  builtin: ReadonlyMap<string, () => unknown>;
  /** Awaited for each package that a cell or a local module imports, before either runs. */
  onImport(id: string): Promise<void>;
  /** Whether SIGINT ends a synchronous cell; in Jupyter the I/O thread does. */
  breakOnSigint: boolean;
}

export class Executor {
  private readonly positions = createSourcePositions();
  private readonly modules: CellModules;
  /** The path that imports of cells are resolved from. */
  private readonly file: string;
  /** Rejects the promise that the running cell is awaited with. */
  private rejectWait: (error: Interrupted) => void = () => {};

  constructor(private readonly options: ExecutorOptions) {
    this.modules = new CellModules(options.compiler, this.positions, options.builtin, options.onImport);
    this.file = join(options.directory, 'cell.ts');
  }

  /** Maps positions of compiled code to the source. */
  get locate(): Locate {
    return this.positions.find;
  }

  /** Ends the wait for a cell that does not end by itself. */
  abandon(error: Interrupted): void {
    this.rejectWait(error);
  }

  /** Begins to compile a cell. */
  compile(source: string): Compiling {
    const compiling = this.options.compiler.compile(source);
    compiling.catch(() => {}); // it may never be run
    return compiling;
  }

  async run(source: string, cell: Cell, compiling = this.compile(source)): Promise<Outcome> {
    const { onPhase } = this.options;
    // While the compiler's thread works, timers of earlier cells run here.
    onPhase(Phase.Await);
    const stopped = new Promise<never>((_, reject) => {
      this.rejectWait = reject;
    });
    stopped.catch(() => {});
    let compiled: CompiledCell;
    try {
      const result = await Promise.race([compiling, stopped]);
      if ('problems' in result) throw new TypeScriptError(result.problems);
      compiled = result.cell;
    } catch (error) {
      return { status: 'error', error };
    }
    this.positions.remember(fileOfCell(cell.number), compiled);
    this.positions.forget(fileOfCell(cell.number - MAX_MAPS));
    return this.runCompiled(compiled, cell, stopped);
  }

  private async runCompiled(compiled: CompiledCell, cell: Cell, stopped: Promise<never>): Promise<Outcome> {
    const { compiler, onPhase, variables } = this.options;
    const { declared, hasResult } = compiled;
    const replaced = new Map<string, unknown>();
    let outcome: Outcome = { status: 'ok', value: undefined };
    let started = false;
    try {
      onPhase(Phase.Await);
      await Promise.race([cells.run(cell, () => this.link(compiled)), stopped]);
      if (cell.stopped) throw cell.stopped; // while it was compiled
      started = true;
      for (const name of declared) {
        if (Object.hasOwn(variables, name)) replaced.set(name, variables[name]);
        delete variables[name];
      }
      await this.evaluate(compiled, cell, stopped);
    } catch (error) {
      outcome = { status: 'error', error: asInterrupted(error) };
    } finally {
      onPhase(Phase.Kernel);
      this.rejectWait = () => {};
    }

    const unreached = declared.filter((name) => name !== RESULT && !(started && Object.hasOwn(variables, name)));
    for (const name of unreached) if (replaced.has(name)) variables[name] = replaced.get(name);
    compiler.commit(unreached);
    if (outcome.status === 'ok' && hasResult) outcome.value = variables[RESULT];
    delete variables[RESULT];
    return outcome;
  }

  /** Loads what the cell imports, and updates the names that earlier cells imported from modules that have changed. */
  private async link(compiled: CompiledCell): Promise<void> {
    const { modules, file } = this;
    const { variables } = this.options;
    const stale = modules.update(compiled.modules);
    const followers = compiled.bindings.filter(({ path, name }) => stale.has(path) && Object.hasOwn(variables, name));
    const resolved = Object.fromEntries(followers.map(({ path }) => [path, path]));
    await modules.prepare(file, { imports: Object.keys(resolved), resolved });
    for (const { name, path, imported } of followers) variables[name] = modules.exported(path, imported);
    await modules.prepare(file, compiled);
  }

  /**
   * Runs the cell's code, and awaits its result: `recipe.fit(data)` as the last expression shows what it resolves to.
   */
  private async evaluate(compiled: CompiledCell, cell: Cell, stopped: Promise<never>): Promise<void> {
    const { onPhase, variables } = this.options;
    const [returned] = await Promise.race([inSeparateTurn(() => this.call(compiled, cell)), stopped]);
    if (compiled.awaits) {
      onPhase(Phase.Await);
      (returned as Promise<unknown>).catch(() => {}); // it may reject after the cell was abandoned
      await Promise.race([returned, stopped]);
    }
    if (compiled.hasResult && types.isPromise(variables[RESULT])) {
      onPhase(Phase.Await);
      variables[RESULT] = await Promise.race([variables[RESULT], stopped]);
    }
  }

  private call(compiled: CompiledCell, cell: Cell): unknown {
    const { breakOnSigint, onPhase, variables } = this.options;
    if (cell.stopped) throw cell.stopped;
    const { require, import: importer, meta } = this.modules.scope(this.file, compiled);
    const scope = [variables, require, resume, defineVariable, importer, meta];
    Object.defineProperty(globalThis, SCOPE, { value: scope, enumerable: false, configurable: true });
    const before = `(${compiled.awaits ? 'async ' : ''}function (${PARAMETERS}) { `;
    const script = new vm.Script(`${before}${compiled.code}\n})(...globalThis[Symbol.for('detlab.cell')])`, {
      filename: fileOfCell(cell.number),
      columnOffset: -before.length,
    });
    onPhase(Phase.Sync);
    return cells.run(cell, () => script.runInThisContext({ breakOnSigint, displayErrors: false }));
  }
}

/** Named imports are getters in CommonJS; a cell's names must stay assignable and redefinable. */
function defineVariable(target: Record<string, unknown>, name: string, property: PropertyDescriptor): void {
  if (name !== '__esModule') target[name] = property.get ? property.get() : property.value;
}

const asInterrupted = (error: unknown) =>
  (error as NodeJS.ErrnoException)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED'
    ? new Interrupted('Stopped by the user')
    : error;
