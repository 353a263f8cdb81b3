// The part of a download that is there: a file beside the target, NAME.partial. Whoever works on it takes it by renaming, to
// NAME.partial.HOST-PID, which only one process can; a process that was ended leaves it for the next one.

import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';

/** Age from which a partial file of another machine counts as left. */
const LEFT = 3_600_000;

interface Found {
  file: string;
  size: number;
  /** What of the server's answer it is from. */
  tag?: string;
}

export class PartialFile {
  private constructor(
    private readonly target: string,
    private readonly file: string,
    private readonly handle: FileHandle,
    private readonly tagged: boolean,
    private bytes: number,
    /** Of which version of the file it is a part, where the server says it and no hash is checked in the end. */
    public tag: string | undefined,
  ) {}

  /**
   * Takes the partial file of `target` that an earlier download left, or begins one.
   * @param tagged a part counts only if it has a tag, which says of which version of the file it is
   */
  static async take(target: string, { tagged }: { tagged: boolean }): Promise<PartialFile> {
    await mkdir(path.dirname(target), { recursive: true });
    const file = `${target}.partial.${owner()}`;
    let taken: Found | undefined;
    for (const found of await leftParts(target)) {
      if ((found.tag !== undefined) !== tagged) continue;
      // another process may be faster
      if (
        await rename(found.file, file).then(
          () => true,
          () => false,
        )
      ) {
        taken = found;
        break;
      }
    }
    const handle = await open(file, taken ? 'r+' : 'w+');
    return new PartialFile(target, file, handle, tagged, taken?.size ?? 0, taken?.tag);
  }

  get size(): number {
    return this.bytes;
  }

  get path(): string {
    return this.file;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; ) {
      const { bytesWritten } = await this.handle.write(chunk, at, chunk.byteLength - at, this.bytes);
      at += bytesWritten;
      this.bytes += bytesWritten;
    }
  }

  /** Begins again from nothing. */
  async restart(): Promise<void> {
    await this.handle.truncate(0);
    this.bytes = 0;
  }

  /** Leaves what can be continued to the next download, as `NAME.partial` or `NAME.TAG.partial`; returns that path. */
  async leave(): Promise<string | undefined> {
    await this.handle.close();
    if (this.bytes === 0 || (this.tagged && this.tag === undefined)) {
      await rm(this.file, { force: true });
      return undefined;
    }
    const left = `${this.target}${this.tag === undefined ? '' : `.${this.tag}`}.partial`;
    await rename(this.file, left);
    return left;
  }

  async discard(): Promise<void> {
    await this.handle.close();
    await rm(this.file, { force: true });
  }

  /** Puts the whole file in its place, at once, and removes what other downloads left of it. */
  async publish(): Promise<void> {
    await this.handle.sync();
    await this.handle.close();
    await rename(this.file, this.target);
    for (const { file } of await leftParts(this.target)) await rm(file, { force: true });
  }
}

const owner = (): string => `${hostname().replace(/[^\w.-]/g, '_')}-${process.pid}`;

/** Partial files that no living process works on, the longest first. */
async function leftParts(target: string): Promise<Found[]> {
  const folder = path.dirname(target);
  const start = path.basename(target);
  const left: Found[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start)) continue;
    const match = /^(?:\.([0-9a-f]{16}))?\.partial(?:\.(.+)-(\d+))?$/.exec(name.slice(start.length));
    if (!match) continue;
    const file = path.join(folder, name);
    const info = await stat(file).catch(() => undefined);
    if (!info?.isFile()) continue;
    const [, tag, host, pid] = match;
    if (host !== undefined && isAlive(host, Number(pid), info.mtimeMs)) continue;
    left.push({ file, size: info.size, tag });
  }
  return left.sort((a, b) => b.size - a.size);
}

/** Of this machine, whether the process is there; of another one, whether it wrote within the last hour. */
function isAlive(host: string, pid: number, written: number): boolean {
  if (`${host}-${process.pid}` !== owner()) return Date.now() - written < LEFT;
  if (pid === process.pid) return false; // downloads of one process to one target come one after the other
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
