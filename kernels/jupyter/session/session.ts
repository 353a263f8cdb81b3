// A session: executes cells one after the other, and answers all other requests at once, also while a cell awaits
// something. Its state: the running cell (current-cell.ts), the queued cells (execution-queue.ts), the execution count
// (cell-execution.ts), the history, the open comms, input requests and updatable displays.

import type { CompilerClient } from '../compiler/client';
import type { UpdatableDisplays } from '../display/updatable-displays';
import { builtInModules } from '../execution/built-in-modules';
import { Executor } from '../execution/executor';
import { describeError, type ErrorContent } from '../execution/traceback';
import type { Request } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';
import { type Cell, watchStops } from './cell';
import { CellExecution } from './cell-execution';
import { installCellGlobals } from './cell-globals';
import { CellInterruption } from './cell-interruption';
import { CellNotices } from './cell-notices';
import { createCellOutput } from './cell-output';
import { SessionComms } from './comms';
import { CurrentCell } from './current-cell';
import { ExecutionQueue } from './execution-queue';
import { snapshotGlobals } from './global-snapshot';
import { createHistory } from './history';
import { InputRequests } from './input';
import { installNotebookApi } from './notebook-api';
import type { OutputChannel } from './output-channel';
import type { Prelude } from './prelude';
import { ReplacedCells } from './replaced-cells';

const STACK_FRAMES = 60;
const COMPLETIONS = Symbol.for('detlab.completions');

export interface SessionParts {
  /** The folder of the notebook. */
  directory: string;
  output: OutputChannel;
  shared: Int32Array;
  compiler: CompilerClient;
  prelude: Prelude;
  /** Whether SIGINT ends a synchronous cell, where no other thread can. */
  breakOnSigint?: boolean;
  /** Called for each stopped cell, when it is asked to end and when its code has ended. */
  onStop?: (cell: Cell, hasEnded: boolean) => void;
  /** Called after each cell. */
  onEnd?: () => void;
}

export class Session {
  private readonly output: OutputChannel;
  private readonly prelude: Prelude;
  private readonly variables: Record<string, unknown>;
  private readonly current: CurrentCell;
  private readonly executor: Executor;
  private readonly queue: ExecutionQueue;
  private readonly interruption: CellInterruption;
  private readonly history = createHistory();
  private readonly comms: SessionComms;
  private readonly input: InputRequests;
  private readonly displays: UpdatableDisplays;
  private readonly notices: CellNotices;

  constructor(parts: SessionParts) {
    const {
      directory,
      output,
      shared,
      compiler,
      prelude,
      breakOnSigint = false,
      onStop = () => {},
      onEnd = () => {},
    } = parts;
    watchStops(shared);
    // Of an error in a tensor operation the first ten frames are all of libraries.
    Error.stackTraceLimit = Math.max(Error.stackTraceLimit, STACK_FRAMES);
    const restoreGlobals = snapshotGlobals();
    const { status, describe, currentCell, currentRequest } = this;
    this.output = output;
    this.prelude = prelude;
    this.current = new CurrentCell(shared);
    this.variables = prelude.variables;
    const { variables } = this;
    this.notices = new CellNotices(output, () => this.current.running?.request);
    this.executor = new Executor({
      directory,
      compiler,
      onPhase: (phase) => this.current.setPhase(phase),
      variables,
      builtin: builtInModules,
      onImport: (id) => prelude.prepareImport(id),
      breakOnSigint,
    });
    this.input = new InputRequests(output, () => this.current.running);
    this.comms = new SessionComms({
      output,
      currentRequest,
      status,
      isCellBefore: (seq) => (this.current.running?.request?.seq ?? seq) < seq || this.queue.hasBefore(seq),
      print: (error) => process.stderr.write(`Error in a comm handler: ${describe(error).traceback.join('\n')}\n`),
    });
    installCellGlobals({ input: this.input.input });
    const replaced = new ReplacedCells();
    this.displays = installNotebookApi({
      output,
      currentCell,
      onCooperation: (cell) => this.current.cooperate(cell),
      cellOutput: createCellOutput(output, currentCell),
      comms: this.comms.api,
      describe,
      variables,
      replaced,
    });
    const execution = new CellExecution({
      output,
      prelude,
      executor: this.executor,
      restoreGlobals,
      current: this.current,
      history: this.history,
      displays: this.displays,
      status,
      describe,
      abortQueued: () => this.queue.abortQueued(),
      onBegin: (request) => {
        replaced.execute(request);
        this.notices.printWith(request);
      },
      onStopped: (cell) => onStop(cell, true),
      onEnd: (cell) => this.input.end(cell),
      onReplied: () => {
        this.comms.deliverPostponed();
        onEnd();
        return prelude.collect();
      },
    });
    this.queue = new ExecutionQueue(shared, (request, isAborted) => execution.execute(request, isAborted));
    this.interruption = new CellInterruption(this.current, this.executor, (cell) => onStop(cell, false));
  }

  handle(request: Request): void {
    const type = request.header.msg_type;
    if (type === 'execute_request') this.queue.add(request);
    else if (!this.comms.handle(request) && !this.input.handle(request)) this.answer(type, request);
  }

  /** Stop was pressed while request `running` ran (without: whatever runs now). */
  interrupt(running?: number): void {
    const cell = this.current.running;
    const isRunning = cell?.request?.seq === running;
    if (!running || isRunning) this.comms.interrupt();
    if (running !== undefined && !isRunning) return; // it has ended in the meantime
    this.queue.abortQueued();
    if (cell) this.interruption.interrupt(cell);
  }

  /** Code was terminated while request `running` ran: the promise of its cell or comm handler may never settle. */
  terminated(running: number): void {
    // a cell that has ended by itself meanwhile has left nothing half-done, and the next one is not to end for it
    if ((this.current.running?.request?.seq ?? running) !== running) return;
    this.prelude.endTerminatedWork();
    this.comms.interrupt();
    this.interruption.terminated();
  }

  /** No front end received the input request with this id. */
  inputUndelivered(id: string): void {
    this.input.undelivered(id);
  }

  /** Names that complete the arguments of a method, of values that know some by `detlab.completions`. */
  async namesFor(variable: string, method: string): Promise<string[]> {
    if (this.current.running) return []; // it may be training
    const value = this.variables[variable] as { [COMPLETIONS]?(method: string): Promise<string[]> } | null | undefined;
    const names = await value?.[COMPLETIONS]?.(method);
    return Array.isArray(names) ? names.map(String) : [];
  }

  /** Loads the prelude's packages unless a cell runs, which loads them itself where it needs them. */
  loadPrelude(): boolean {
    if (this.current.running) return false;
    this.prelude.load();
    return true;
  }

  /** Prints what the kernel has to report with the cell that runs, or with the next one. */
  notify(notice: string): void {
    this.notices.report(notice);
  }

  /** Sends updates of displays that are held back. */
  flush(): void {
    this.displays.flush();
  }

  /** The request of the code that calls. */
  readonly currentRequest = (): Request | undefined => this.current.requestOfCaller;

  /** The running cell, or the one that ran last. */
  readonly currentCell = (): Cell | undefined => this.current.latest;

  readonly describe = (error: unknown): ErrorContent => {
    try {
      return describeError(error, this.executor.locate);
    } catch {
      const evalue = 'The thrown value cannot be inspected: its own properties throw';
      return { ename: 'Thrown', evalue, traceback: [`Thrown: ${evalue}`] };
    }
  };

  private readonly status = (state: 'busy' | 'idle', parent: Request): void => {
    this.output.publish('status', { execution_state: state }, parent);
    // the running cell goes on after what was answered in the meantime
    const running = this.current.running?.request;
    if (state === 'idle' && running && running !== parent) this.status('busy', running);
  };

  private answer(type: string, request: Request): void {
    const reply = this.answerTo(type);
    if (!reply) return; // the protocol asks to ignore unknown types
    this.status('busy', request);
    let content: Content;
    try {
      content = reply(request.content);
    } catch (error) {
      content = { status: 'error', ...this.describe(error) };
    }
    this.output.reply(type.replace(/_request$/, '_reply'), content, request);
    this.status('idle', request);
  }

  private answerTo(type: string): ((content: Content) => Content) | undefined {
    if (type === 'history_request') return (content) => this.history.answer(content);
    if (type === 'comm_info_request') return (content) => this.comms.info(content);
    return undefined;
  }
}
