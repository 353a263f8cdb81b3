// Compiles a cell and runs it on this thread. Takes the place of tslab's executor, which forgets the declarations of a
// cell that fails, wipes variables such a cell would have replaced, names no source in stack traces, and cannot stop an
// await loop.

import { SourceMap } from 'node:module';
import vm from 'node:vm';
import { guardAwaits, type Insertion, originalColumn } from './await-points';
import { type Cell, cells, Interrupted, resume } from './cell';
import { type CellConverter, type Converted, createCellConverter } from './converter';
import { declarationsAfterFailure } from './declarations';
import { type CellModules, createCellModules } from './modules';
import { Phase } from './threads';
import { type Locate, TypeScriptError } from './traceback';

export type Outcome = { status: 'ok'; value: unknown } | { status: 'error'; error: unknown };

/** Where in the running cell's source a position of its compiled code comes from (both one-based). */
interface Compiled {
  converted: Converted;
  insertions: Insertion[];
  /** Lines of compiled code, without what is wrapped around it. */
  lines: number;
}

const HIDDEN = Symbol.for('detlab.cell');
const PROLOGUE = /^exports\.[\w$]+ = (?:exports\.[\w$]+ = )*void 0;$/m;
/** Lines the converter puts before a cell's source. */
const PREFIX_LINES = 1;
const KEPT_MAPS = 500;

export const fileOfCell = (number: number) => `cell[${number}]`;

export interface Executor {
  readonly converter: CellConverter;
  /** Declarations of all cells so far, in TypeScript. */
  readonly declarations: string;
  run(source: string, cell: Cell): Promise<Outcome>;
  /** Ends the wait for a cell that does not end by itself. */
  cut(error: Interrupted): void;
  locate: Locate;
}

export function createExecutor(directory: string, onPhase: (phase: number) => void): Executor {
  const converter = createCellConverter();
  const modules: CellModules = createCellModules(directory);
  const variables: Record<string, unknown> = {};
  const compiledCells = new Map<number, Compiled>();
  let declarations = '';
  let cut: (error: Interrupted) => void = () => {};

  // Named imports are getters in CommonJS; a cell's names must stay assignable and redefinable.
  const define = (target: Record<string, unknown>, name: string, property: PropertyDescriptor) => {
    if (name !== '__esModule') target[name] = property.get ? property.get() : property.value;
  };
  const passed = { exports: variables, require: modules.require, resume, define };
  Object.defineProperty(globalThis, HIDDEN, { value: passed, enumerable: false, configurable: true });

  function compile(source: string) {
    const converted = converter.convert(declarations, source);
    if (converted.diagnostics.length) throw new TypeScriptError(converted.diagnostics, source);
    if (converted.sideOutputs) modules.update(converted.sideOutputs);
    const prologue = PROLOGUE.exec(converted.output ?? '');
    const declared = prologue ? [...prologue[0].matchAll(/exports\.([\w$]+)/g)].map((match) => match[1]) : [];
    const output = (converted.output ?? '')
      .replace(PROLOGUE, '')
      .replace(/^Object\.defineProperty\(exports, /gm, '__define__(exports, ');
    return { converted, declared, ...guardAwaits(output) };
  }

  async function run(source: string, cell: Cell): Promise<Outcome> {
    let compiled: ReturnType<typeof compile>;
    onPhase(Phase.Kernel);
    try {
      compiled = compile(source);
    } catch (error) {
      return { status: 'error', error };
    }
    const { converted, declared, code, insertions, topLevel } = compiled;
    const before = new Map<string, unknown>();
    for (const name of declared) {
      if (Object.hasOwn(variables, name)) before.set(name, variables[name]);
      delete variables[name];
    }
    compiledCells.set(cell.number, { converted, insertions, lines: code.split('\n').length });
    compiledCells.delete(cell.number - KEPT_MAPS);

    const start = `(${topLevel ? 'async ' : ''}function (exports, require, __resume__, __define__) { `;
    const end = `\n})(...Object.values(globalThis[Symbol.for('detlab.cell')]))`;
    let outcome: Outcome = { status: 'ok', value: undefined };
    try {
      const script = new vm.Script(start + code + end, {
        filename: fileOfCell(cell.number),
        columnOffset: -start.length,
      });
      const stopped = new Promise<never>((_, reject) => {
        cut = reject;
      });
      stopped.catch(() => {});
      onPhase(Phase.Sync);
      const returned = cells.run(cell, () => script.runInThisContext({ breakOnSigint: true, displayErrors: false }));
      if (topLevel) {
        onPhase(Phase.Await);
        (returned as Promise<unknown>).catch(() => {}); // it may fail after it was cut
        await Promise.race([returned, stopped]);
      }
      // a promise as the last expression is waited for, and shown as what it brings: `recipe.fit(data)`
      const result = converted.lastExpressionVar;
      if (result && variables[result] instanceof Promise) {
        onPhase(Phase.Await);
        variables[result] = await Promise.race([variables[result], stopped]);
      }
    } catch (error) {
      outcome = { status: 'error', error: asInterrupted(error) };
    } finally {
      onPhase(Phase.Kernel);
      cut = () => {};
    }

    const missing = new Set<string>();
    for (const name of declared) {
      if (Object.hasOwn(variables, name)) continue;
      missing.add(name);
      if (before.has(name)) variables[name] = before.get(name);
    }
    const after = converted.declOutput ?? '';
    declarations = outcome.status === 'ok' ? after : declarationsAfterFailure(declarations, after, missing);
    const last = converted.lastExpressionVar;
    if (last) {
      if (outcome.status === 'ok') outcome.value = variables[last];
      delete variables[last];
    }
    return outcome;
  }

  const locate: Locate = (number, line, column) => {
    const compiled = compiledCells.get(number);
    if (!compiled?.converted.maps) return undefined;
    if (line > compiled.lines) return null;
    let at = { line: line - 1, column: originalColumn(compiled.insertions, line - 1, column - 1) };
    for (const text of [...compiled.converted.maps].reverse()) {
      const entry = new SourceMap(JSON.parse(text)).findEntry(at.line, at.column) as {
        originalLine?: number;
        originalColumn?: number;
      };
      if (entry.originalLine === undefined) return undefined;
      at = { line: entry.originalLine, column: entry.originalColumn ?? 0 };
    }
    const result = { line: at.line - PREFIX_LINES + 1, column: at.column + 1 };
    return result.line >= 1 ? result : undefined;
  };

  return {
    converter,
    get declarations() {
      return declarations;
    },
    run,
    cut: (error) => cut(error),
    locate,
  };
}

const asInterrupted = (error: unknown) =>
  (error as NodeJS.ErrnoException)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED'
    ? new Interrupted('Stopped by the user')
    : error;
