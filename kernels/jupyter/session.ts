// A session: runs cells one after the other and answers everything else at once, also while a cell awaits something.

import { builtInModules } from './built-in-modules';
import { type Cell, cells, createCell, Interrupted } from './cell';
import type { CompilerClient } from './compiler/client';
import { renderResult, type Shown } from './display/index';
import { createExecutor, type Executor, type Outcome } from './executor';
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
}

export function createSession({ directory, outlet, shared, compiler, preload }: SessionParts): Session {
  const setPhase = (phase: number) => Atomics.store(shared, Slot.Phase, phase);
  const executor: Executor = createExecutor({
    directory,
    compiler,
    onPhase: setPhase,
    variables: { ...preload.variables },
    builtin: builtInModules,
  });
  const history = createHistory();
  const waiting: Request[] = [];
  let busy = false;
  let count = 0;
  let current: Cell | undefined;
  let last: Cell | undefined;
  let cutDrawing: (error: Interrupted) => void = () => {};
  /** Execute requests that arrived up to this one are aborted. */
  let abortUntil = 0;
  const describe = (error: unknown) => describeError(error, executor.locate);
  const notebook = createNotebook(
    outlet,
    () => current ?? last,
    (cell) => {
      cell.cooperative = true;
      if (cell === current) Atomics.store(shared, Slot.Cooperative, 1);
    },
    describe,
  );
  const status = (state: 'busy' | 'idle', parent: Request) =>
    outlet.publish('status', { execution_state: state }, parent);
  const abortQueued = () => {
    abortUntil = Atomics.load(shared, Slot.Received);
  };

  /** What is awaited after a cell's own code (its result is drawn, say), or the error it is stopped with. */
  function unlessStopped<T>(work: Promise<T>): Promise<T> {
    const stopped = new Promise<never>((_, reject) => {
      cutDrawing = reject;
    });
    return Promise.race([work, stopped]).finally(() => {
      cutDrawing = () => {};
    });
  }

  async function evaluate(source: string, cell: Cell): Promise<{ shown?: Shown; error?: ErrorContent }> {
    const outcome: Outcome = await executor.run(source, cell);
    if (outcome.status === 'error') return { error: describe(outcome.error) };
    // A value's own display is code of the user's: Stop ends it as it ends what follows an await.
    setPhase(Phase.Await);
    try {
      return { shown: await cells.run(cell, () => unlessStopped(renderResult(outcome.value, describe))) };
    } catch (error) {
      return { error: describe(error) };
    } finally {
      setPhase(Phase.Kernel);
    }
  }

  async function prepareAndEvaluate(code: string, cell: Cell) {
    try {
      await cells.run(cell, () => preload.prepare(code));
    } catch (error) {
      return { error: describe(error) };
    }
    return evaluate(code, cell);
  }

  async function userExpressions(expressions: unknown, request: Request): Promise<Content> {
    const results: Content = {};
    for (const [name, source] of Object.entries((expressions as Record<string, string>) ?? {})) {
      const { shown, error } = await evaluate(source, createCell(count, request));
      results[name] = error
        ? { status: 'error', ...error }
        : { status: 'ok', ...(shown ?? { data: { 'text/plain': 'undefined' }, metadata: {} }) };
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

    const { shown, error } = code.trim() ? await prepareAndEvaluate(code, cell) : {};
    if (!cell.stopped) await unlessStopped(notebook.settled(cell)).catch(() => {});
    notebook.flush(cell);
    let reply: Content;
    if (error) {
      if (!silent) outlet.publish('error', error, request);
      reply = { status: 'error', ...error };
      if (stop_on_error) abortQueued();
    } else {
      if (shown && !silent) outlet.publish('execute_result', { execution_count: count, ...shown }, request);
      reply = {
        status: 'ok',
        payload: [],
        user_expressions: await userExpressions(request.content.user_expressions, request),
      };
    }
    last = cell;
    current = undefined;
    Atomics.store(shared, Slot.Running, 0);
    setPhase(Phase.Idle);
    outlet.reply('execute_reply', { ...reply, execution_count: cell.number }, request);
    status('idle', request);
  }

  async function drain() {
    if (busy) return;
    busy = true;
    for (let request = waiting.shift(); request; request = waiting.shift()) {
      await execute(request);
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
        executor.cut(cell.stopped);
        cutDrawing(cell.stopped);
      };
      cell.controller.abort(new Interrupted('Stopped by the user'));
      if (again) return stop();
      if (!cell.cooperative) cell.stopped = new Interrupted('Stopped by the user');
      setTimeout(stop, cell.cooperative ? COOPERATIVE_GRACE_MS : GRACE_MS).unref();
    },
    terminated() {
      if (!current) return;
      current.stopped = new Interrupted('Stopped by force');
      executor.cut(current.stopped);
      cutDrawing(current.stopped);
    },
    currentRequest: () => (cells.getStore() ?? current ?? last)?.request,
    describe,
    flush: () => notebook.flush(),
  };
}
