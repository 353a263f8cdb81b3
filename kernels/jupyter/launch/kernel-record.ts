// What the launcher knows of its kernel, from the messages of the launcher channel: enough to answer for it after a
// crash.

import type { LauncherMessage } from './launcher-channel';

export type UnansweredRequest = Extract<LauncherMessage, { op: 'request' }>;

/** Characters of native output that are kept for a crash report. */
export const KEPT_OUTPUT = 16 * 1024;

export class KernelRecord {
  /** Execute requests without a reply, the running one first. */
  readonly unanswered = new Map<number, UnansweredRequest>();
  /** The execute request that was replied to last. */
  latest: UnansweredRequest | undefined;
  /** Whether the kernel's sockets are bound. */
  ready = false;
  /** Whether the kernel was asked to end. */
  ending = false;
  /** The code the kernel exits with, when it exits by itself. */
  exitCode: number | undefined;
  /** The last native output. */
  output = '';
  private partialLine = '';

  /** @param onShutdown called when the kernel has answered a shutdown request */
  constructor(private readonly onShutdown: () => void = () => {}) {}

  /** Reads the channel to its end. */
  follow(channel: NodeJS.ReadableStream): void {
    channel.setEncoding('utf8');
    channel.on('error', () => {});
    channel.on('data', (chunk: string) => {
      const lines = (this.partialLine + chunk).split('\n');
      this.partialLine = lines.pop()!;
      for (const line of lines) this.update(JSON.parse(line) as LauncherMessage);
    });
  }

  private update(message: LauncherMessage): void {
    switch (message.op) {
      case 'ready':
        this.ready = true;
        break;
      case 'request':
        this.unanswered.set(message.seq, message);
        break;
      case 'started':
        Object.assign(this.unanswered.get(message.seq) ?? {}, { count: message.count });
        break;
      case 'replied':
        this.latest = this.unanswered.get(message.seq) ?? this.latest;
        this.unanswered.delete(message.seq);
        break;
      case 'exit':
        this.exitCode = message.code;
        break;
      case 'native':
        this.output = (this.output + message.text).slice(-KEPT_OUTPUT);
        break;
      case 'shutdown':
        this.ending = true;
        this.onShutdown();
        break;
    }
  }
}
