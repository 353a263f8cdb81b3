// Where downloaded weights are: torch's own folder, under the last part of their address, so that what either of the two
// downloads serves both. The hash that ends a name (`resnet50-0676ba61.pth`) is the beginning of the file's SHA-256.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { sha256Of } from '../../remote/download';
import { publicAddress } from '../../remote/request';

/**
 * The name of a file at an address, which never leaves the folder that it is in.
 *
 * @example fileNameOf('https://example.org/a/b.pth?download=true') // b.pth
 * @throws DetLabError for the address of a folder
 */
export function fileNameOf(address: string): string {
  const name = path.posix.basename(new URL(address).pathname.replaceAll('\\', '/')).replace(/[^\w.%+=@,~-]/g, '_');
  if (/^\.*$/.test(name) || name.length > 200 || new URL(address).pathname.endsWith('/'))
    throw new DetLabError(
      `Cannot download "${publicAddress(address)}": expected the address of a file, such as https://HOST/a-0676ba61.pth`,
    );
  return name;
}

/** The hash in a name, in hex; undefined for none. Eight digits that are a date are none. */
export function hashIn(name: string): string | undefined {
  const hash = /-([0-9a-f]{8,64})\.\w+(\.tar)?$/.exec(name)?.[1];
  return hash !== undefined && /^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.test(hash) ? undefined : hash;
}

/** `whole`; `damaged`: its hash is another; `other`: it is from another address; `unknown`: nothing says what it is. */
export type CacheState = 'absent' | 'whole' | 'damaged' | 'other' | 'unknown';

/** What the file of an address in the cache is. */
export async function cacheState(file: string, address: string, signal?: AbortSignal): Promise<CacheState> {
  if (!existsSync(file)) return 'absent';
  const hash = hashIn(path.basename(file));
  if (hash !== undefined) return (await sha256Of(file, signal)).startsWith(hash) ? 'whole' : 'damaged';
  const origin = originFile(file);
  if (!existsSync(origin)) return 'unknown';
  return readFileSync(origin, 'utf8') === originOf(address) ? 'whole' : 'other';
}

/** A name without a hash may be that of many files: beside it is noted which it is. */
const originFile = (file: string): string => `${file}.origin`;

/** The address without its secrets, and a digest of all of it. */
function originOf(address: string): string {
  const url = new URL(address);
  url.username = url.password = url.hash = '';
  return `${publicAddress(address)}\n${createHash('sha256').update(url.href).digest('hex')}\n`;
}

export const forgetOrigin = (file: string): void => rmSync(originFile(file), { force: true });

export function noteOrigin(file: string, address: string): void {
  if (hashIn(path.basename(file)) === undefined) writeFileSync(originFile(file), originOf(address));
}
