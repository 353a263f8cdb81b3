// A session: runs cells one after the other and answers everything else at once, also while a cell awaits something.

import { setImmediate, setTimeout } from 'node:timers';
import { inspect } from 'node:util';
import type { CompilerClient } from '../compiler/client';
import { renderResult, type Shown } from '../display/index';
import { builtInModules } from '../execution/built-in-modules';
import { createExecutor, type Executor, type Outcome } from '../execution/executor';
import { describeError, type ErrorContent } from '../execution/traceback';
import { Phase, type Request, Slot } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';
import { type Cell, cells, createCell, Interrupted, watchStops } from './cell';
import { installCellGlobals } from './cell-globals';
import { createCellOutput } from './cell-output';
import { createComms } from './comms';
import { snapshotGlobals } from './global-snapshot';
import { createHistory } from './history';
import { createInput } from './input';
import { installNotebookApi } from './notebook-api';
import type { OutputChannel } from './output-channel';
import type { Prelude } from './prelude';

/** How long after Stop a cell may go on: by itself, and when its work has asked for the signal. */
const GRACE_MS = 500;
const COOPERATIVE_GRACE_MS = 30_000;

export interface Session {
  handle(request: Request): void;
  /** Stop was pressed while request `running` ran (without: whatever runs now). */
  interrupt(running?: number): void;
  /** What ran after an await was ended by force: its cell's promise will never settle. */
  terminated(): void;
  /** Nobody heard the question with this id. */
  inputUndelivered(id: string): void;
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
  output: OutputChannel;
  shared: Int32Array;
  compiler: CompilerClient;
  /** What a notebook starts with. */
  preload: Prelude;
  /** Hears of each cell that is stopped, when it is asked to end and when it has ended. */
  onStop?: (cell: Cell, ended: boolean) => void;
}

export function createSession(parts: SessionParts): Session {
  const { directory, output, shared, compiler, preload, onStop = () => {} } = parts;
  watchStops(shared);
  const restoreGlobals = snapshotGlobals();
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
  /** Ends the wait for what a cell still does when its code has run. */
  let halt: (error: Interrupted) => void = () => {};
  /** Execute requests that arrived up to this one are aborted. */
  let abortUntil = 0;
  const describe = (error: unknown): ErrorContent => {
    try {
      return describeError(error, executor.locate);
    } catch {
      const evalue = 'What was thrown cannot be looked at: its own properties throw';
      return { ename: 'Thrown', evalue, traceback: [`Thrown: ${evalue}`] };
    }
  };
  const status = (state: 'busy' | 'idle', parent: Request) => {
    output.publish('status', { execution_state: state }, parent);
    // what was answered in the meantime is done, the cell goes on
    const running = current?.request;
    if (state === 'idle' && running && running !== parent) status('busy', running);
  };
  const currentRequest = () => (cells.getStore() ?? current ?? last)?.request;
  const input = createInput(output, () => current);
  const comms = createComms({
    output,
    currentRequest,
    status,
    isCellBefore: (seq) => [current?.request, ...waiting].some((request) => request && request.seq < seq),
    print: (error) => process.stderr.write(`Error in a comm handler: ${describe(error).traceback.join('\n')}\n`),
  });
  installCellGlobals({ input: input.input });
  const notebook = installNotebookApi(
    output,
    () => current ?? last,
    (cell) => {
      cell.cooperative = true;
      if (cell === current) Atomics.store(shared, Slot.Cooperative, 1);
    },
    { comms: comms.comms, ...createCellOutput(output, () => current ?? last) },
    describe,
  );
  const abortQueued = () => {
    abortUntil = Atomics.load(shared, Slot.Received);
  };

  /** Work of the kernel's on behalf of a cell (its result is drawn, an engine starts): Stop ends the wait for it too. */
  function unlessStopped<T>(cell: Cell, work: () => T | PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      halt = reject;
      cells.run(cell, async () => work()).then(resolve, reject);
    });
  }

  async function evaluate(source: string, cell: Cell): Promise<{ shown?: Shown; error?: ErrorContent }> {
    let outcome: Outcome = await executor.run(source, cell);
    const lost = restoreGlobals();
    if (lost.length) output.stream('stderr', `Put back what the kernel needs: ${lost.join(', ')}\n`, cell.request);
    // A value's own display is code of the user's: Stop ends it as it ends what follows an await.
    setPhase(Phase.Await);
    try {
      if (outcome.status === 'ok') {
        const { value } = outcome;
        return { shown: await unlessStopped(cell, () => renderResult(value, describe)) };
      }
    } catch (error) {
      outcome = { status: 'error', error };
    } finally {
      setPhase(Phase.Kernel);
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
    for (const [name, source] of Object.entries(expressions ?? {})) {
      // numbered 0, as every cell without a number of its own: traces of the numbered ones stay right
      const cell = createCell(0, request);
      current = cell; // what Stop stops
      const { shown, error } = await evaluate(typeof source === 'string' ? source : '', cell);
      if (cell.stopped) onStop(cell, true);
      results[name] = error
        ? { status: 'error', ...error }
        : { status: 'ok', ...(shown ?? { data: { 'text/plain': 'undefined' }, metadata: {} }) };
    }
    return results;
  }

  function refuse(request: Request, error: ErrorContent) {
    const content = { status: 'error', ...error, payload: [], user_expressions: {}, execution_count: count };
    output.reply('execute_reply', content, request);
    status('idle', request);
  }

  async function execute(request: Request): Promise<void> {
    const { code, silent: isSilent, store_history, stop_on_error } = request.content;
    const started = new Date().toISOString();
    status('busy', request);
    if (typeof code !== 'string') {
      const evalue = `Cannot execute: expected the text of a cell in "code", received ${code === null ? 'null' : typeof code}`;
      return refuse(request, { ename: 'ProtocolError', evalue, traceback: [evalue] });
    }
    if (request.seq <= abortUntil) {
      output.reply('execute_reply', { status: 'aborted' }, request);
      return status('idle', request);
    }
    const silent = isSilent === true;
    const isBlank = code.trim() === '';
    const isNumbered = !silent && !isBlank && store_history !== false;
    if (isNumbered) history.add(++count, code);
    const cell = createCell(isNumbered ? count : 0, request);
    current = cell;
    Atomics.store(shared, Slot.Cooperative, 0);
    Atomics.store(shared, Slot.Running, request.seq);
    output.publish('execute_input', { code, execution_count: count }, request);

    const { shown, error } = isBlank ? {} : await prepareAndEvaluate(code, cell);
    if (!cell.stopped) await unlessStopped(cell, () => notebook.settled(cell)).catch(() => {});
    if (cell.stopped) onStop(cell, true);
    notebook.flush(cell);
    output.fence?.(); // what was printed past this thread so far is this cell's
    let reply: Content;
    if (error) {
      output.publish('error', error, request);
      reply = { status: 'error', ...error, user_expressions: {} };
      if (stop_on_error !== false && !silent) abortQueued();
    } else {
      if (shown) output.publish('execute_result', { execution_count: count, ...shown }, request);
      const text = shown?.data['text/plain'];
      if (isNumbered && typeof text === 'string') history.result(count, text);
      reply = {
        status: 'ok',
        user_expressions: await userExpressions(request.content.user_expressions, request),
      };
    }
    last = cell;
    current = undefined;
    input.end(cell);
    Atomics.store(shared, Slot.Running, 0);
    Atomics.store(shared, Slot.WaitsForChild, 0); // code ended by force has not done so
    setPhase(Phase.Idle);
    const content = { ...reply, payload: cell.payload, execution_count: count };
    output.reply('execute_reply', content, request, { started, status: reply.status });
    status('idle', request);
    comms.settle();
  }

  async function drain() {
    if (busy) return;
    busy = true;
    for (let request = waiting.shift(); request; request = waiting.shift()) {
      try {
        await execute(request);
      } catch (error) {
        // not the cell's error but one of telling its outcome: the next cell is to run all the same
        current = undefined;
        Atomics.store(shared, Slot.Running, 0);
        setPhase(Phase.Idle);
        const evalue = `Cannot tell how the cell ended: ${inspect(error, { customInspect: false, depth: 0 })}`;
        const content = { ename: 'KernelError', evalue, traceback: [evalue] };
        output.publish('error', content, request);
        refuse(request, content);
      }
      // Lets an interrupt or a request that arrived during a synchronous cell be heard before the next cell.
      await new Promise(setImmediate);
    }
    busy = false;
  }

  const answers: Record<string, (content: Content) => Content> = {
    history_request: (content) => history.answer(content),
    comm_info_request: (content) => comms.info(content),
  };

  return {
    handle(request) {
      const type = request.header.msg_type;
      if (type === 'execute_request') {
        waiting.push(request);
        void drain();
        return;
      }
      if (comms.handle(request) || input.handle(request)) return;
      const answer = Object.hasOwn(answers, type) ? answers[type] : undefined;
      if (!answer) return; // the protocol asks to ignore what is not known
      status('busy', request);
      let content: Content;
      try {
        content = answer(request.content);
      } catch (error) {
        content = { status: 'error', ...describe(error) };
      }
      output.reply(type.replace(/_request$/, '_reply'), content, request);
      status('idle', request);
    },
    interrupt(running) {
      const cell = current;
      if (!running || cell?.request?.seq === running) comms.interrupt();
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
      comms.interrupt();
      if (!current) return;
      current.stopped = new Interrupted('Stopped by force');
      executor.cut(current.stopped);
      halt(current.stopped);
    },
    inputUndelivered: input.inputUndelivered,
    currentRequest,
    currentCell: () => current ?? last,
    describe,
    flush: () => notebook.flush(),
  };
}
