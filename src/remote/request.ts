// The one place from which anything goes out: a GET to an http or https address. DETLAB_OFFLINE is obeyed, redirects are
// followed by hand (never to another scheme, never from https to http), and errors name the address without its secrets.

import { DetLabError } from '../errors';

const MAX_REDIRECTS = 10;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Codes of a server that was never reached. */
const UNREACHABLE = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|UND_ERR_CONNECT_TIMEOUT)$/;

/** `broken`: the connection or the answer; `status`: what the server answered; `refused`: not worth another attempt. */
export type RemoteFailure = 'offline' | 'unreachable' | 'broken' | 'status' | 'refused';

export class RemoteError extends DetLabError {
  constructor(
    message: string,
    readonly failure: RemoteFailure,
    /** Of the answer. */
    readonly status?: number,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** The first words of errors: `Cannot fetch`. */
  verb?: string;
}

/** Whether DETLAB_OFFLINE forbids all requests. */
export const isOffline = (): boolean => /^(1|true|yes|on)$/i.test(process.env.DETLAB_OFFLINE ?? '');

/** An address without user, password and query, which may be secrets: for names that are shown and saved. */
export function publicAddress(address: string): string {
  if (!URL.canParse(address)) return address.replace(/[?#].*$/, '');
  const url = new URL(address);
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** A RemoteError about one address. */
export const failureOf =
  (address: string, verb = 'fetch') =>
  (why: string, failure: RemoteFailure, status?: number): RemoteError =>
    new RemoteError(`Cannot ${verb} "${publicAddress(address)}": ${why}`, failure, status);

/**
 * The answer of a server, whatever its status, after at most ten redirects; its body is not yet read.
 *
 * @throws RemoteError when no answer came, or the caller's own reason when its signal aborts
 * @example (await request('https://example.org/a.pth', { headers: { range: 'bytes=100-' } })).status
 */
export async function request(address: string, { headers, signal, verb }: RequestOptions = {}): Promise<Response> {
  const fail = failureOf(address, verb);
  if (isOffline()) throw fail('DETLAB_OFFLINE is set in the environment. Give a file instead', 'offline');
  if (!URL.canParse(address)) throw fail('it is no address, expected https://HOST/PATH', 'refused');
  const first = new URL(address);
  let at = first;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    if (!/^https?:$/.test(at.protocol))
      throw fail(
        `${hops > 0 ? 'it redirects to' : 'it is'} a ${at.protocol} address, expected http or https`,
        'refused',
      );
    const answer = await get(at, { ...headers, ...credentials(first, at) }, signal).catch((error: Error) => {
      if (signal?.aborted) throw error;
      throw fail(reasonOf(error), UNREACHABLE.test(codeOf(error)) ? 'unreachable' : 'broken');
    });
    const location = REDIRECTS.includes(answer.status) ? answer.headers.get('location') : null;
    if (location === null) return answer;
    await answer.body?.cancel();
    if (!URL.canParse(location, at.href)) throw fail('it redirects to something that is no address', 'refused');
    const next = new URL(location, at.href);
    if (at.protocol === 'https:' && next.protocol === 'http:')
      throw fail('it redirects from https to http, where anybody on the way can change it', 'refused');
    at = next;
  }
  throw fail(`it redirects more than ${MAX_REDIRECTS} times`, 'refused');
}

/** @param url user and password are sent as a header; fetch refuses them in an address */
function get(url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const plain = new URL(url.href);
  plain.username = plain.password = '';
  return fetch(plain.href, { headers, signal, redirect: 'manual' });
}

/** User and password of an address, which no other host gets. */
function credentials(first: URL, at: URL): Record<string, string> {
  if (first.username === '' || first.host !== at.host || first.protocol !== at.protocol) return {};
  const pair = `${decodeURIComponent(first.username)}:${decodeURIComponent(first.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

const codeOf = (error: Error): string => String((error.cause as { code?: unknown } | undefined)?.code ?? '');

/** fetch says only "fetch failed" or "terminated"; why is in the cause. */
export function reasonOf(error: Error): string {
  const code = codeOf(error);
  const cause = error.cause as Error | undefined;
  if (code === 'UND_ERR_SOCKET' || /terminated|aborted/.test(error.message))
    return 'the connection ended before the whole file was there';
  const proxy = UNREACHABLE.test(code) && (process.env.HTTPS_PROXY ?? process.env.https_proxy);
  const hint = proxy
    ? '. A proxy is set in the environment, which Node uses from 22.21 on with NODE_USE_ENV_PROXY=1'
    : '';
  return `${cause?.message || code || error.message}${hint}`;
}
