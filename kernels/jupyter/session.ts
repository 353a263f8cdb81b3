// A session: runs cells one after the other and answers everything else at once, also while a cell awaits something.

import { setImmediate, setTimeout } from 'node:timers';
import { type Cell, cells, createCell, Interrupted, watchStops } from './cell';
import type { CompilerClient } from './compiler/client';
import { type Bundle, toBundle } from './display';
import { createExecutor, type Executor, type Outcome } from './executor';
import { keepGlobals } from './globals';
import { createHistory } from './history';
import { createNotebook } from './notebook';
import type { Outlet } from './outlet';
import type { Preload } from './preload';
import type { Content } from './protocol';
import { Phase, type Request, Slot } from './threads';
import { describeError, type ErrorContent } from './traceback';

/** How long after Stop a cell may go on: by itself, and when its work has asked for the signal. */
const GRACE_MS = 500;
const COOPERATIVE_GRACE_MS = 30_000;

export interface Session {
  handle(request: Request): void;
  /** Stop was pressed while request `running` ran (without: whatever runs now). */
  interrupt(running?: number): void;
  /** What ran after an await was ended by force: its cell's promise will never settle. */
  terminated(): void;
  currentRequest(): Request | undefined;
  /** The cell that runs, or ran last. */
  currentCell(): Cell | undefined;
  describe(error: unknown): ErrorContent;
  /** Sends everything that is held back. */
  flush(): void;
}

export interface SessionParts {
  /** Where the notebook lies. */
  directory: string;
  outlet: Outlet;
  shared: Int32Array;
  compiler: CompilerClient;
  /** What a notebook starts with. */
  preload: Preload;
  /** Hears of each cell that is stopped, when it is asked to end and when it has ended. */
  onStop?: (cell: Cell, ended: boolean) => void;
}

export function createSession(parts: SessionParts): Session {
  const { directory, outlet, shared, compiler, preload, onStop = () => {} } = parts;
  watchStops(shared);
  const restoreGlobals = keepGlobals();
  const setPhase = (phase: number) => Atomics.store(shared, Slot.Phase, phase);
  const executor: Executor = createExecutor({
    directory,
    compiler,
    onPhase: setPhase,
    variables: { ...preload.variables },
    builtin: new Map(),
  });
  const history = createHistory();
  const waiting: Request[] = [];
  let busy = false;
  let count = 0;
  let current: Cell | undefined;
  let last: Cell | undefined;
  /** Execute requests that arrived up to this one are aborted. */
  let abortUntil = 0;
  const notebook = createNotebook(
    outlet,
    () => current ?? last,
    (cell) => {
      cell.cooperative = true;
      if (cell === current) Atomics.store(shared, Slot.Cooperative, 1);
    },
  );
  const describe = (error: unknown): ErrorContent => {
    try {
      return describeError(error, executor.locate);
    } catch {
      const evalue = 'What was thrown cannot be looked at: its own properties throw';
      return { ename: 'Thrown', evalue, traceback: [`Thrown: ${evalue}`] };
    }
  };
  /** Ends the wait for what a cell still does when its code has run: a display, an engine's start. */
  let halt: (error: Interrupted) => void = () => {};
  const status = (state: 'busy' | 'idle', parent: Request) =>
    outlet.publish('status', { execution_state: state }, parent);
  const abortQueued = () => {
    abortUntil = Atomics.load(shared, Slot.Received);
  };

  /** Work of the kernel's on behalf of a cell: Stop ends the wait for it too. */
  function unlessStopped<T>(cell: Cell, work: () => T | PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      halt = reject;
      cells.run(cell, async () => work()).then(resolve, reject);
    });
  }

  async function evaluate(source: string, cell: Cell): Promise<{ bundle?: Bundle; error?: ErrorContent }> {
    let outcome: Outcome = await executor.run(source, cell);
    const lost = restoreGlobals();
    if (lost.length) outlet.stream('stderr', `Put back what the kernel needs: ${lost.join(', ')}\n`, cell.request);
    try {
      if (outcome.status === 'ok') {
        const { value } = outcome;
        return { bundle: await unlessStopped(cell, () => toBundle(value)) };
      }
    } catch (error) {
      outcome = { status: 'error', error };
    }
    if (outcome.error instanceof Interrupted) cell.stopped ??= outcome.error;
    return { error: describe(outcome.error) };
  }

  async function prepareAndEvaluate(code: string, cell: Cell) {
    try {
      await unlessStopped(cell, () => preload.prepare(code));
    } catch (error) {
      return { error: describe(error) };
    }
    return evaluate(code, cell);
  }

  async function userExpressions(expressions: unknown, request: Request): Promise<Content> {
    const results: Content = {};
    for (const [name, source] of Object.entries((expressions as Record<string, string>) ?? {})) {
      const cell = createCell(count, request);
      current = cell; // what Stop stops
      const { bundle, error } = await evaluate(source, cell);
      if (cell.stopped) onStop(cell, true);
      results[name] = error
        ? { status: 'error', ...error }
        : { status: 'ok', data: bundle ?? { 'text/plain': 'undefined' }, metadata: {} };
    }
    return results;
  }

  async function execute(request: Request): Promise<void> {
    const { code: given, silent = false, store_history = !silent, stop_on_error = true } = request.content;
    const code = String(given ?? '');
    status('busy', request);
    if (request.seq <= abortUntil) {
      outlet.reply('execute_reply', { status: 'aborted', execution_count: count }, request);
      return status('idle', request);
    }
    if (store_history && !silent) history.add(++count, code);
    const cell = createCell(count, request);
    current = cell;
    Atomics.store(shared, Slot.Cooperative, 0);
    Atomics.store(shared, Slot.Running, request.seq);
    if (!silent) outlet.publish('execute_input', { code, execution_count: count }, request);

    const { bundle, error } = code.trim() ? await prepareAndEvaluate(code, cell) : {};
    if (cell.stopped) onStop(cell, true);
    notebook.flush(cell);
    outlet.fence?.(); // what was printed past this thread so far is this cell's
    let reply: Content;
    if (error) {
      if (!silent) outlet.publish('error', error, request);
      reply = { status: 'error', ...error };
      if (stop_on_error) abortQueued();
    } else {
      if (bundle && !silent) {
        outlet.publish('execute_result', { execution_count: count, data: bundle, metadata: {} }, request);
      }
      reply = {
        status: 'ok',
        payload: [],
        user_expressions: await userExpressions(request.content.user_expressions, request),
      };
    }
    last = cell;
    current = undefined;
    Atomics.store(shared, Slot.Running, 0);
    Atomics.store(shared, Slot.WaitsForChild, 0); // code ended by force has not done so
    setPhase(Phase.Idle);
    outlet.reply('execute_reply', { ...reply, execution_count: cell.number }, request);
    status('idle', request);
  }

  async function drain() {
    if (busy) return;
    busy = true;
    for (let request = waiting.shift(); request; request = waiting.shift()) {
      try {
        await execute(request);
      } catch (error) {
        // Never a cell without an answer.
        current = undefined;
        Atomics.store(shared, Slot.Running, 0);
        setPhase(Phase.Idle);
        const content = describe(error);
        outlet.publish('error', content, request);
        outlet.reply('execute_reply', { status: 'error', ...content, execution_count: count }, request);
        status('idle', request);
      }
      // Lets an interrupt or a request that arrived during a synchronous cell be heard before the next cell.
      await new Promise(setImmediate);
    }
    busy = false;
  }

  const answers: Record<string, (content: Content) => Content> = {
    history_request: (content) => history.answer(content),
    comm_info_request: () => ({ status: 'ok', comms: {} }),
  };

  return {
    handle(request) {
      const type = request.header.msg_type;
      if (type === 'execute_request') {
        waiting.push(request);
        void drain();
        return;
      }
      const answer = answers[type];
      if (!answer) return; // the protocol asks to ignore what is not known
      status('busy', request);
      let content: Content;
      try {
        content = answer(request.content);
      } catch (error) {
        content = { status: 'error', ...describe(error) };
      }
      outlet.reply(type.replace(/_request$/, '_reply'), content, request);
      status('idle', request);
      if (current?.request) status('busy', current.request); // the cell goes on
    },
    interrupt(running) {
      const cell = current;
      if (running !== undefined && cell?.request?.seq !== running) return; // it has ended in the meantime
      abortQueued();
      if (!cell) return;
      const again = cell.controller.signal.aborted;
      const stop = () => {
        cell.stopped ??= new Interrupted('Stopped by the user');
        if (current !== cell) return;
        onStop(cell, false);
        executor.cut(cell.stopped);
        halt(cell.stopped);
      };
      cell.controller.abort(new Interrupted('Stopped by the user'));
      if (again) return stop();
      if (!cell.cooperative) {
        cell.stopped ??= new Interrupted('Stopped by the user');
        onStop(cell, false);
      }
      setTimeout(stop, cell.cooperative ? COOPERATIVE_GRACE_MS : GRACE_MS).unref();
    },
    terminated() {
      if (!current) return;
      current.stopped = new Interrupted('Stopped by force');
      executor.cut(current.stopped);
      halt(current.stopped);
    },
    currentRequest: () => (cells.getStore() ?? current ?? last)?.request,
    currentCell: () => current ?? last,
    describe,
    flush: () => notebook.flush(),
  };
}
