// The file of weights that are named by path, address or hub: from weights/, from torch's cache, or downloaded to it.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { cacheFolder } from '../../paths';
import { type DownloadOptions, download } from '../../remote/download';
import { isOffline, publicAddress, RemoteError } from '../../remote/request';
import { notebook } from '../../visualization/display';
import { progressView } from '../progress-view';
import { placeFor, weightsFile } from '../weights-file';
import { addressOf, isWeightsAddress, schemeOf, type WeightsAddress } from './hub-address';
import { cacheState, fileNameOf, forgetOrigin, hashIn, noteOrigin } from './hub-cache';

export interface FetchWeightsOptions extends Pick<DownloadOptions, 'stall' | 'attempts' | 'pause'> {
  /** That of the running cell by default. */
  signal?: AbortSignal;
  /** Receives what a user should know about the file; stderr by default. */
  notice?: (line: string) => void;
}

const MEGABYTE = 1e6;

/** @throws DetLabError for a file that is not there and that nothing downloads */
export function missingWeights(name: string): DetLabError {
  const scheme = schemeOf(name);
  const next = scheme
    ? `${scheme}:// is not downloaded, only http, https, torchvision, open-mmlab and mmcls: put the file there`
    : 'Put the file there, or give its path or address';
  return new DetLabError(`Cannot find the weights "${name}": there is no such file, and no ${placeFor(name)}. ${next}`);
}

/**
 * Checks what can be without a request: that a file is there, that a name is known.
 *
 * @throws DetLabError with the nearest name, or with where to put the file
 */
export function checkWeights(name: string): void {
  if (weightsFile(name) !== undefined) return;
  if (!isWeightsAddress(name)) throw missingWeights(name);
  fileNameOf(addressOf(name));
}

/**
 * The path of the file of `name`, downloaded where it is an address whose file is neither in weights/ nor in the cache.
 *
 * @throws DetLabError when there is none, and when the download fails, is stopped, or has another hash than its name says
 * @example readWeights(await fetchWeights('torchvision://resnet18'))
 */
export async function fetchWeights(name: string, options: FetchWeightsOptions = {}): Promise<string> {
  const local = weightsFile(name);
  if (local !== undefined) return local;
  if (!isWeightsAddress(name)) throw missingWeights(name);
  const address = addressOf(name);
  const file = path.join(cacheFolder(), fileNameOf(address));
  const { signal = notebook()?.signal, notice = (line: string) => console.error(line) } = options;
  const inWeights = weightsFile(address);
  if (inWeights !== undefined) return inWeights;
  const state = await cacheState(file, address, signal);
  const shown = publicAddress(address);
  if (state === 'unknown')
    notice(`"${shown}": taken from ${file}, as its name says; without a hash in the name that is not checked`);
  if (state === 'whole' || state === 'unknown') return file;
  if (state === 'damaged')
    notice(`"${file}" is not what its name says: its SHA-256 does not begin with ${hashIn(file)}`);
  if (isOffline())
    throw new RemoteError(
      `Cannot download "${shown}": DETLAB_OFFLINE is set in the environment. Unset it, ` +
        `or put the file at ${path.join('weights', path.basename(file))} or ${file}`,
      'offline',
    );
  if (hashIn(path.basename(file)) === undefined)
    notice(
      `"${shown}": there is no hash in the name, so the content is not checked` +
        (schemeOf(address) === 'http' ? '; over http anybody on the way can change it' : ''),
    );
  await downloadTo(file, address, name, { ...options, signal });
  return file;
}

async function downloadTo(
  file: string,
  address: string,
  name: WeightsAddress,
  { stall, attempts, pause, signal }: FetchWeightsOptions,
): Promise<void> {
  const base = path.basename(file);
  const view = progressView(`downloading ${base}`);
  const onProgress = (done: number, total: number | undefined) => {
    const label = total === undefined ? `downloading ${base}, of unknown size` : `downloading ${base}`;
    view.update(rounded(done), rounded(total ?? done), { label, unit: 'MB' });
  };
  try {
    forgetOrigin(file);
    const timing = Object.fromEntries(
      Object.entries({ stall, attempts, pause }).filter(([, value]) => value !== undefined),
    );
    await download(address, file, { sha256: hashIn(base), signal, onProgress, ...timing });
    noteOrigin(file, address);
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    throw new RemoteError(`${error.message}${whatToDo(error, file, name)}`, error.failure, error.status);
  } finally {
    view.close();
  }
}

const rounded = (bytes: number): number => Math.round(bytes / (MEGABYTE / 10)) / 10;

/** Where a file that cannot be downloaded here may be put. */
function whatToDo({ failure, status }: RemoteError, file: string, name: WeightsAddress): string {
  const place = path.join('weights', path.basename(file));
  if (status === 404 || status === 410)
    return /^https?$/.test(schemeOf(name)!)
      ? '. Check the address: detlab configs --weights lists those of published detectors'
      : `. The file has moved: download it elsewhere and put it at ${place}`;
  return failure === 'unreachable' ? `. Without a network, download it elsewhere and put it at ${place}` : '';
}
