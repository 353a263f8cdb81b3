// Reads text models from folders: one named by its path, in weights/, among the downloads, or where Hugging Face's own
// libraries keep theirs. Importing this file installs it.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { DetLabError } from '../errors';
import { cacheFolder } from '../paths';
import { installTextFiles, type TextModelFiles } from './text-model-files';

/** Where the files of a text model that is downloaded go. */
export const textModelFolder = (name: string): string => path.join(cacheFolder(), name.replaceAll('/', '--'));

/** The folders that may have a model, the nearest first. */
export function placesOf(name: string): string[] {
  const { HF_HOME, HF_HUB_CACHE } = process.env;
  const hub = HF_HUB_CACHE || path.join(HF_HOME || path.join(homedir(), '.cache', 'huggingface'), 'hub');
  const owned = [name, `google-bert/${name}`].flatMap((one) => {
    const snapshots = path.join(hub, `models--${one.replaceAll('/', '--')}`, 'snapshots');
    return existsSync(snapshots) ? readdirSync(snapshots).map((version) => path.join(snapshots, version)) : [];
  });
  return [path.resolve(name), path.resolve('weights', path.basename(name)), textModelFolder(name), ...owned];
}

const isModel = (folder: string): boolean =>
  ['vocab.txt', 'tokenizer.json'].some((file) => existsSync(path.join(folder, file)));

const read = new Map<string, { changed: number; files: TextModelFiles }>();

function readFolder(folder: string): TextModelFiles {
  const file = (name: string) => path.join(folder, name);
  const vocabulary = file(existsSync(file('vocab.txt')) ? 'vocab.txt' : 'tokenizer.json');
  const changed = statSync(vocabulary).mtimeMs;
  const known = read.get(folder);
  if (known?.changed === changed) return known.files;
  const tokenizerConfig = jsonOf(file('tokenizer_config.json'));
  const weights = ['model.safetensors', 'pytorch_model.bin'].map(file).find((one) => existsSync(one));
  const files: TextModelFiles = {
    config: jsonOf(file('config.json')),
    lowercase: tokenizerConfig?.do_lower_case !== false && !/[^un]cased/.test(path.basename(folder)),
    tokenizerConfig,
    weights,
  };
  if (existsSync(file('vocab.txt')))
    files.vocabulary = readFileSync(file('vocab.txt'), 'utf8')
      .replace(/\r?\n$/, '')
      .split(/\r?\n/);
  else files.tokenizer = jsonOf(file('tokenizer.json'));
  read.set(folder, { changed, files });
  return files;
}

function jsonOf(file: string): Record<string, unknown> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new DetLabError(`Cannot read "${file}": expected JSON, ${(error as Error).message}`);
  }
}

installTextFiles({
  model: (name) => {
    const looked = placesOf(name);
    const folder = looked.find(isModel);
    return { looked: [...new Set(looked)], ...(folder !== undefined && { files: readFolder(folder) }) };
  },
  json: (file) => JSON.parse(readFileSync(file, 'utf8')),
});
