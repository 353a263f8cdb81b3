// The bytes of an image at an http or https address: bounded in size and time, with redirects followed. Whether it is an image is
// found by decoding it, whatever its content type says.

import { DetLabError } from '../../errors';
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

/** An address without user, password and query, which may be secrets: for names that are shown and saved. */
export function publicAddress(address: string): string {
  const url = new URL(address);
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * @throws DetLabError naming the address, for an answer that is none (404), too large, too slow or cut off
 * @example decodeImage(await fetchImage('https://example.org/street.jpg'))
 */
export async function fetchImage(
  address: string,
  { signal, timeout = TIMEOUT, limit = LIMITS.image }: FetchOptions = {},
): Promise<Buffer> {
  const name = publicAddress(address);
  const fail = (why: string) => new DetLabError(`Cannot fetch "${name}": ${why}`);
  if (/^(1|true|yes|on)$/i.test(process.env.DETLAB_OFFLINE ?? ''))
    throw fail('DETLAB_OFFLINE is set in the environment. Give a file instead');
  const ending = new AbortController();
  const stop = () => ending.abort();
  const timer = setTimeout(stop, timeout);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    const answer = await fetch(address, { signal: ending.signal, headers: { accept: 'image/*' } });
    if (!answer.ok) throw fail(`the server answered ${answer.status} ${answer.statusText}`.trimEnd());
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

/** fetch says only "fetch failed" or "terminated"; why is in the cause. */
function reasonOf(error: Error): string {
  const cause = error.cause as (Error & { code?: string }) | undefined;
  if (cause?.code === 'UND_ERR_SOCKET' || /terminated|aborted/.test(error.message))
    return 'the connection ended before the whole file was there';
  return cause?.message || cause?.code || error.message;
}
