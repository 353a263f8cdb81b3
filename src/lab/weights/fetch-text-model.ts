// The files of the text models that a config names, downloaded from Hugging Face where they are published and not on this machine:
// the vocabulary, and the weights for a model that has none of its own.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { type ConfigObject, type ConfigValue, isObject } from '../../config';
import { download } from '../../remote/download';
import { isOffline, RemoteError } from '../../remote/request';
import { isPublished } from '../../text/bert-config';
import { placesOf, textModelFolder } from '../../text/read-text-model';
import { findTextModel } from '../../text/text-model-files';
import { progressView } from '../progress-view';

const HUB = 'https://huggingface.co';

export interface FetchTextModels {
  notice: (line: string) => void;
  signal?: AbortSignal;
}

/** Names of the text models of a config. */
export function textModelsOf(value: ConfigValue): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(textModelsOf))];
  if (!isObject(value)) return [];
  const own = value.type === 'BertModel' ? [typeof value.name === 'string' ? value.name : 'bert-base-uncased'] : [];
  return [...new Set([...own, ...Object.values(value).flatMap(textModelsOf)])];
}

/** Fetches the vocabularies of a config's text models; where that cannot be, says so, for the model is built without. */
export async function fetchTextModels(model: ConfigObject, { notice, signal }: FetchTextModels): Promise<void> {
  for (const name of textModelsOf(model)) {
    if (findTextModel(name)) continue;
    for (const file of ['config.json', 'vocab.txt']) if (!(await fetchFile(name, file, { notice, signal }))) break;
  }
}

/** The file of the weights of a text model; undefined, with a notice, where it is not there and cannot be fetched. */
export async function textModelWeights(name: string, options: FetchTextModels): Promise<string | undefined> {
  const local = findTextModel(name)?.weights;
  if (local !== undefined) return local;
  return (await fetchFile(name, 'model.safetensors', options)) ? findTextModel(name)?.weights : undefined;
}

async function fetchFile(name: string, file: string, { notice, signal }: FetchTextModels): Promise<boolean> {
  const target = path.join(textModelFolder(name), file);
  if (existsSync(target)) return true;
  const without = (why: string): false => {
    notice(`"${file}" of the text model "${name}" is not here: ${why}. Put it in ${placesOf(name)[1]}`);
    return false;
  };
  if (!isPublished(name)) return without('it is no published model');
  if (isOffline()) return without('DETLAB_OFFLINE is set');
  const owned = name.includes('/') ? name : `google-bert/${name}`;
  const view = progressView(`downloading ${file} of ${name}`);
  try {
    await download(`${HUB}/${owned}/resolve/main/${file}`, target, {
      signal,
      onProgress: (done, total) => view.update(Math.round(done / 1e5) / 10, Math.round((total ?? done) / 1e5) / 10),
    });
    return true;
  } catch (error) {
    if (error instanceof RemoteError && error.failure !== 'refused') return without(error.message);
    throw error;
  } finally {
    view.close();
  }
}
