// The bytes of an image at an http or https address: bounded in size and time, with redirects followed. Whether it is an image is
// found by decoding it, whatever its content type says.

import { DetLabError } from '../../errors';
import { failureOf, reasonOf, request } from '../../remote/request';
import { LIMITS } from '../loading/bounded-read';

const TIMEOUT = 60_000;
const MEGABYTE = 2 ** 20;

export interface FetchOptions {
  signal?: AbortSignal;
  /** Milliseconds for all of it. */
  timeout?: number;
  /** Bytes. */
  limit?: number;
}

/**
 * @throws DetLabError naming the address, for an answer that is none (404), too large, too slow or cut off
 * @example decodeImage(await fetchImage('https://example.org/street.jpg'))
 */
export async function fetchImage(
  address: string,
  { signal, timeout = TIMEOUT, limit = LIMITS.image }: FetchOptions = {},
): Promise<Buffer> {
  const fail = (why: string) => failureOf(address)(why, 'broken');
  const ending = new AbortController();
  const stop = () => ending.abort();
  const timer = setTimeout(stop, timeout);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    const answer = await request(address, { signal: ending.signal, headers: { accept: 'image/*' } });
    if (!answer.ok) throw fail(`the server answered ${answer.status} ${answer.statusText}`.trimEnd());
    const type = answer.headers.get('content-type') ?? '';
    if (/^video\//i.test(type))
      throw fail(`the server sent a video (${type}), which is read from a file. Download it, and give the file`);
    const tooLarge = (bytes: number) =>
      fail(`expected at most ${Math.round(limit / MEGABYTE)} MiB, received ${Math.ceil(bytes / MEGABYTE)} MiB or more`);
    const announced = Number(answer.headers.get('content-length') ?? 0);
    if (announced > limit) throw tooLarge(announced);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > limit) throw tooLarge(size);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof DetLabError) throw error;
    if (signal?.aborted) throw fail('interrupted');
    if (ending.signal.aborted) throw fail(`no whole answer within ${timeout / 1000} seconds`);
    throw fail(reasonOf(error as Error));
  } finally {
    stop(); // ends the connection of an answer that is not read to its end
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
