// Downloads a file whole or not at all: resumed where the server can, checked by size and by the hash in its name, put in its
// place by one rename. What was there when it was interrupted is kept beside it for the next time.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PartialFile } from './partial-file';
import { failureOf, type RemoteError, type RemoteFailure, reasonOf, request } from './request';

export interface DownloadOptions {
  signal?: AbortSignal;
  /** The beginning of the file's SHA-256, in hex. */
  sha256?: string;
  /** Bytes that are there, and in all where the server says so. */
  onProgress?: (done: number, total: number | undefined) => void;
  /** Milliseconds without a byte after which the connection is given up. Default 30 s. */
  stall?: number;
  /** Attempts in a row that bring no byte. Default 4. */
  attempts?: number;
  /** Milliseconds before the second attempt, twice as long before each further one. Default 1 s. */
  pause?: number;
  /** Bytes that a file may have. Default 16 GiB. */
  limit?: number;
}

const MEGABYTE = 1e6;
const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 2 : 0)} MB`;
/** Statuses of a server that may answer otherwise the next time. */
const BUSY: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/** Targets that this process is downloading to. */
const running = new Map<string, Promise<void>>();

/**
 * Downloads `address` to the file `target`; one download of a process after the other.
 *
 * @throws RemoteError naming the address and what to do; a partial file is kept unless its content is wrong
 * @example await download('https://example.org/a-0676ba61.pth', 'weights/a-0676ba61.pth', { sha256: '0676ba61' })
 */
export async function download(address: string, target: string, options: DownloadOptions = {}): Promise<void> {
  const place = path.resolve(target);
  for (let other = running.get(place); other; other = running.get(place)) {
    const done = await other.then(
      () => true,
      () => false,
    );
    if (done) return;
  }
  const work = new Download(address, place, options).run();
  running.set(place, work);
  try {
    await work;
  } finally {
    running.delete(place);
  }
}

class Download {
  private readonly fail: (why: string, failure: RemoteFailure, status?: number) => RemoteError;
  private readonly options: Required<Omit<DownloadOptions, 'signal' | 'sha256'>> & DownloadOptions;
  private total: number | undefined;
  /** Whether bytes of an earlier download are in the file. */
  private continued = false;

  constructor(
    private readonly address: string,
    private readonly target: string,
    options: DownloadOptions,
  ) {
    this.fail = failureOf(address, 'download');
    this.options = { onProgress() {}, stall: 30_000, attempts: 4, pause: 1000, limit: 16 * 2 ** 30, ...options };
  }

  async run(): Promise<void> {
    const { signal, sha256 } = this.options;
    const part = await PartialFile.take(this.target, { tagged: sha256 === undefined }).catch((error: Error) => {
      throw this.fail(`cannot write to ${path.dirname(this.target)}: ${error.message}`, 'refused');
    });
    this.continued = part.size > 0;
    try {
      await this.transferAll(part);
      let actual = await sha256Of(part.path, signal);
      if (this.continued && sha256 !== undefined && !actual.startsWith(sha256)) {
        await part.restart(); // a part of something else
        this.continued = false;
        await this.transferAll(part);
        actual = await sha256Of(part.path, signal);
      }
      if (sha256 !== undefined && !actual.startsWith(sha256)) {
        await part.restart();
        throw this.fail(
          `expected a file whose SHA-256 begins with ${sha256}, as its name says, received one with ${actual.slice(0, 16)}; ` +
            'it was deleted. Try again, or ask who publishes it. If that part of the name is no hash, download the file yourself',
          'refused',
        );
      }
      await part.publish();
    } catch (error) {
      const left = await part.leave().catch(() => undefined);
      throw this.explained(error as Error, part, left);
    }
  }

  /** Attempts until all is there, or several in a row bring nothing. */
  private async transferAll(part: PartialFile): Promise<void> {
    const { signal, attempts, pause } = this.options;
    for (let failures = 0; ; ) {
      const before = part.size;
      try {
        return await this.transfer(part);
      } catch (error) {
        const { failure } = error as RemoteError;
        const again = failure === 'broken' || failure === 'unreachable' || failure === 'status';
        if (signal?.aborted || !again) throw error;
        failures = part.size > before ? 1 : failures + 1;
        // a server that is not there is rarely there a second later
        if (failures >= (failure === 'unreachable' ? Math.min(2, attempts) : attempts)) throw error;
        await sleep(pause * 2 ** (failures - 1), undefined, { signal });
      }
    }
  }

  /** One request for what is missing. */
  private async transfer(part: PartialFile): Promise<void> {
    const { signal, stall } = this.options;
    const stalled = new AbortController();
    let timer = setTimeout(() => stalled.abort(), stall);
    const both = signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal;
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (part.size > 0) headers.range = `bytes=${part.size}-`;
    try {
      const answer = await request(this.address, { headers, signal: both, verb: 'download' });
      if (!(await this.begin(part, answer))) return await this.transfer(part);
      for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
        clearTimeout(timer);
        if (part.size + chunk.byteLength > this.options.limit) {
          const received = part.size + chunk.byteLength;
          await part.restart();
          throw this.tooLarge(received);
        }
        await part.append(chunk);
        this.options.onProgress(part.size, this.total);
        timer = setTimeout(() => stalled.abort(), stall);
      }
      if (this.total !== undefined && part.size !== this.total)
        throw this.fail(`expected ${this.total} bytes, received ${part.size}`, 'broken');
    } catch (error) {
      const known = (error as RemoteError).failure !== undefined || (error as NodeJS.ErrnoException).syscall;
      if (known || signal?.aborted) throw error;
      if (stalled.signal.aborted) throw this.fail(`no byte within ${stall / 1000} seconds`, 'broken');
      throw this.fail(reasonOf(error as Error), 'broken');
    } finally {
      clearTimeout(timer);
      stalled.abort(); // ends the connection of an answer that is not read to its end
    }
  }

  /** Prepares the partial file for the body of an answer; false when it has to be requested again from the first byte. */
  private async begin(part: PartialFile, answer: Response): Promise<boolean> {
    const { status, headers } = answer;
    const refuse = async (): Promise<false> => {
      await answer.body?.cancel();
      await part.restart();
      this.continued = false;
      return false;
    };
    const [, from, total] = /^bytes (\d+|\*)(?:-\d+)?\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (status === 416 && part.size > 0) {
      if (Number(total) !== part.size || !this.sameVersion(part, headers)) return refuse();
      this.total = part.size;
      await answer.body?.cancel();
      return true;
    }
    const changed = this.total !== undefined && total !== undefined && Number(total) !== this.total;
    if (
      status === 206 &&
      (changed || part.size === 0 || Number(from) !== part.size || !this.sameVersion(part, headers))
    )
      return part.size === 0
        ? Promise.reject(this.fail('the server answered with a part of the file', 'refused'))
        : refuse();
    if (status !== 200 && status !== 206) {
      const failure = BUSY.includes(status) ? 'status' : 'refused';
      throw this.fail(`the server answered ${status} ${answer.statusText}`.trimEnd(), failure, status);
    }
    if (/^text\/html\b/i.test(headers.get('content-type') ?? ''))
      throw this.fail(
        'the server answered with a web page, not with a file. Give the address of the file itself',
        'refused',
      );
    if (status === 200 && part.size > 0) {
      await part.restart(); // a server that cannot resume sends all of it
      this.continued = false;
    }
    part.tag = this.options.sha256 === undefined ? tagOf(this.address, headers) : undefined;
    this.total = sizeOf(answer, part.size);
    await this.checkRoom(part);
    this.options.onProgress(part.size, this.total);
    return true;
  }

  /** Whether an answer is of the version of the file that the part is of. */
  private sameVersion(part: PartialFile, headers: Headers): boolean {
    return this.options.sha256 !== undefined || part.tag === tagOf(this.address, headers);
  }

  private async checkRoom(part: PartialFile): Promise<void> {
    if (this.total === undefined) return;
    if (this.total > this.options.limit) throw this.tooLarge(this.total);
    const free = await freeBytes(this.target);
    if (free !== undefined && this.total - part.size > free) throw this.full(free);
  }

  private tooLarge(bytes: number): RemoteError {
    return this.fail(
      `expected at most ${megabytes(this.options.limit)}, received ${megabytes(bytes)} or more. Is it the address of weights?`,
      'refused',
    );
  }

  private full(free: number | undefined): RemoteError {
    const needed = this.total === undefined ? '' : ` for ${megabytes(this.total)}`;
    const room = free === undefined ? '' : `: ${megabytes(free)} are free`;
    return this.fail(
      `no room${needed} in ${path.dirname(this.target)}${room}. Free some, or name another folder by TORCH_HOME`,
      'refused',
    );
  }

  /** What was kept, added to what went wrong. */
  private explained(error: Error, part: PartialFile, left: string | undefined): Error {
    const { signal } = this.options;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return this.full(0);
    const of = this.total === undefined ? '' : ` of ${megabytes(this.total)}`;
    const kept = left === undefined ? '' : `. ${megabytes(part.size)}${of} are kept: the next attempt resumes there`;
    if (signal?.aborted) return this.fail(`interrupted${kept}`, 'refused');
    const { failure, status } = error as RemoteError;
    if (failure === undefined) return this.fail(error.message, 'refused');
    return this.fail(`${error.message.replace(/^Cannot download ".*?": /, '')}${kept}`, failure, status);
  }
}

/** Bytes in all, where the answer says so in the encoding of the file. */
function sizeOf({ status, headers }: Response, offset: number): number | undefined {
  if (!/^(identity)?$/i.test(headers.get('content-encoding') ?? '')) return undefined;
  const length = headers.get('content-length');
  if (length === null || !/^\d+$/.test(length)) return undefined;
  return status === 206 ? offset + Number(length) : Number(length);
}

/** Of which version of which file an answer is: of its strong ETag, or its date; undefined when it has neither. */
function tagOf(address: string, headers: Headers): string | undefined {
  const etag = headers.get('etag');
  const version = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified');
  if (version === null) return undefined;
  return createHash('sha256').update(`${address}\n${version}`).digest('hex').slice(0, 16);
}

/** @throws the reason of the signal when it aborts */
export async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20, signal })) hash.update(chunk);
  return hash.digest('hex');
}

/** Bytes that may be written beside a file; undefined where the system does not say. */
async function freeBytes(file: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path.dirname(file));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
