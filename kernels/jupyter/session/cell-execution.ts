// Executes the code of an execute request, from its busy to its idle status: history, result or error, user
// expressions, reply.

import { inspect } from 'node:util';
import { renderResult, type Shown } from '../display/index';
import type { UpdatableDisplays } from '../display/updatable-displays';
import type { Compiling, Executor, Outcome } from '../execution/executor';
import type { ErrorContent } from '../execution/traceback';
import { Phase, type Request } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';
import { type Cell, createCell, Interrupted } from './cell';
import type { CurrentCell } from './current-cell';
import type { snapshotGlobals } from './global-snapshot';
import type { History } from './history';
import type { OutputChannel } from './output-channel';
import type { Prelude } from './prelude';

interface ExecutionParts {
  output: OutputChannel;
  prelude: Prelude;
  executor: Executor;
  restoreGlobals: ReturnType<typeof snapshotGlobals>;
  current: CurrentCell;
  history: History;
  displays: UpdatableDisplays;
  status(state: 'busy' | 'idle', request: Request): void;
  describe(error: unknown): ErrorContent;
  /** Aborts the requests that are queued now. */
  abortQueued(): void;
  /** Called when a cell has begun, before its code is compiled. */
  onBegin(request: Request): void;
  /** Called after the code of a stopped cell has ended. */
  onStopped(cell: Cell): void;
  /** Called when a cell has ended, before its reply is sent. */
  onEnd(cell: Cell): void;
  /** Called after the reply; the next cell waits for it. */
  onReplied(): Promise<void>;
}

interface Evaluation {
  shown?: Shown;
  error?: ErrorContent;
}

function kernelError(ename: string, evalue: string): ErrorContent {
  return { ename, evalue, traceback: [evalue] };
}

export class CellExecution {
  /** The execution count: cells so far that are stored in the history. */
  private count = 0;

  constructor(private readonly parts: ExecutionParts) {}

  /**
   * Never rejects: a failure of the kernel itself is reported as the request's error.
   *
   * @param isAborted whether a failed or stopped cell has aborted the request
   */
  async execute(request: Request, isAborted: boolean): Promise<void> {
    const { status, current, output } = this.parts;
    const started = new Date().toISOString();
    status('busy', request);
    const { code } = request.content;
    if (typeof code !== 'string') {
      const received = code === null ? 'null' : typeof code;
      const evalue = `Cannot execute: expected the text of a cell in "code", received ${received}`;
      return this.refuse(request, kernelError('ProtocolError', evalue));
    }
    if (isAborted) {
      output.reply('execute_reply', { status: 'aborted' }, request);
      return status('idle', request);
    }
    try {
      await this.run(code, request, started);
    } catch (error) {
      current.end();
      const thrown = inspect(error, { customInspect: false, depth: 0 });
      const content = kernelError('KernelError', `Cannot report how the cell ended: ${thrown}`);
      output.publish('error', content, request);
      this.refuse(request, content);
    }
  }

  private refuse(request: Request, error: ErrorContent): void {
    const content = { status: 'error', ...error, payload: [], user_expressions: {}, execution_count: this.count };
    this.parts.output.reply('execute_reply', content, request);
    this.parts.status('idle', request);
  }

  private async run(code: string, request: Request, started: string): Promise<void> {
    const { output, current, history, displays, status, onBegin, onStopped, onEnd, onReplied } = this.parts;
    const isBlank = code.trim() === '';
    const isStored = !isBlank && request.content.silent !== true && request.content.store_history !== false;
    if (isStored) history.add(++this.count, code);
    const cell = createCell(isStored ? this.count : 0, request);
    current.begin(cell, request);
    output.publish('execute_input', { code, execution_count: this.count }, request);
    onBegin(request);

    const evaluation = isBlank ? {} : await this.prepareAndEvaluate(code, cell);
    if (!cell.stopped) await current.work(cell, () => displays.settled(cell)).catch(() => {});
    if (cell.stopped) onStopped(cell);
    displays.flush(cell);
    output.fence?.(); // native output printed so far belongs to this cell
    const reply = evaluation.error
      ? this.publishError(evaluation.error, request)
      : await this.publishResult(evaluation.shown, request, isStored);
    current.end(cell);
    onEnd(cell);
    const content = { ...reply, payload: cell.payload, execution_count: this.count };
    output.reply('execute_reply', content, request, { started, status: reply.status });
    status('idle', request);
    await onReplied();
  }

  private publishError(error: ErrorContent, request: Request): Content {
    const { stop_on_error, silent } = request.content;
    this.parts.output.publish('error', error, request);
    if (stop_on_error !== false && silent !== true) this.parts.abortQueued();
    return { status: 'error', ...error, user_expressions: {} };
  }

  private async publishResult(shown: Shown | undefined, request: Request, isStored: boolean): Promise<Content> {
    const { output, history } = this.parts;
    if (shown) output.publish('execute_result', { execution_count: this.count, ...shown }, request);
    const text = shown?.data['text/plain'];
    if (isStored && typeof text === 'string') history.addResult(this.count, text);
    return { status: 'ok', user_expressions: await this.userExpressions(request.content.user_expressions, request) };
  }

  private async prepareAndEvaluate(code: string, cell: Cell): Promise<Evaluation> {
    const { current, executor, prelude } = this.parts;
    const compiling = executor.compile(code); // on its own thread, while packages are loaded here
    try {
      if (prelude.isNeeded(code)) {
        current.setPhase(Phase.Kernel); // a package that is ended half way cannot be loaded again
        prelude.load();
      }
      await current.work(cell, () => prelude.prepare(code));
    } catch (error) {
      return { error: await this.describe(error, cell) };
    }
    return this.evaluate(code, cell, compiling);
  }

  private async evaluate(source: string, cell: Cell, compiling?: Compiling): Promise<Evaluation> {
    const { output, executor, current, restoreGlobals, describe } = this.parts;
    let outcome: Outcome = await executor.run(source, cell, compiling);
    const restored = restoreGlobals();
    if (restored.length) {
      output.stream('stderr', `Restored globals that the kernel needs: ${restored.join(', ')}\n`, cell.request);
    }
    try {
      if (outcome.status === 'ok') {
        const { value } = outcome;
        return { shown: await current.work(cell, () => renderResult(value, describe)) };
      }
    } catch (error) {
      outcome = { status: 'error', error };
    }
    if (outcome.error instanceof Interrupted) {
      cell.stopped ??= outcome.error;
      this.parts.prelude.endTerminatedWork();
    }
    return { error: await this.describe(outcome.error, cell) };
  }

  /** The properties of a thrown value may be code of the user's, which may not end. */
  private describe(error: unknown, cell: Cell): ErrorContent | Promise<ErrorContent> {
    const { current, describe } = this.parts;
    if (error instanceof Interrupted) return describe(error);
    return current.work(cell, () => describe(error)).catch(describe);
  }

  private async userExpressions(expressions: unknown, request: Request): Promise<Content> {
    const { current, onStopped } = this.parts;
    const results: Content = {};
    for (const [name, source] of Object.entries(expressions ?? {})) {
      // not counted, so that the source positions of counted cells are kept
      const cell = createCell(0, request);
      current.replace(cell);
      const { shown, error } = await this.evaluate(typeof source === 'string' ? source : '', cell);
      if (cell.stopped) onStopped(cell);
      results[name] = error
        ? { status: 'error', ...error }
        : { status: 'ok', ...(shown ?? { data: { 'text/plain': 'undefined' }, metadata: {} }) };
    }
    return results;
  }
}
