// One config file, read but not yet merged with its bases.

import { type ConfigObject, type ConfigValue, isObject } from './data';
import { notePlaces, placesOf } from './places';
import { errorAt, type Place } from './source';

export interface BaseRequest {
  /** As written in `_base_`, or after `from` in an import. */
  request: string;
  place: Place;
}

export interface ConfigDocument {
  /** The config itself, without `_base_`. */
  config: ConfigObject;
  bases: BaseRequest[];
  /** Constants that other files may import by name. */
  exports: ReadonlyMap<string, ConfigValue>;
}

/** What an import of another config file gives: `config` is merged with its bases. */
export interface ImportedConfig {
  config: ConfigObject;
  exports: ReadonlyMap<string, ConfigValue>;
}
export type ImportConfig = (request: BaseRequest) => ImportedConfig;

/** Takes `_base_` (a path or a list of paths) out of a config. */
export function takeBases(value: ConfigObject, place: Place): { config: ConfigObject; bases: BaseRequest[] } {
  const { _base_: base, ...config } = value;
  const places = placesOf(value);
  if (places) notePlaces(config, places);
  if (base === undefined) return { config, bases: [] };
  const requests = Array.isArray(base) ? base : [base];
  for (const request of requests)
    if (typeof request !== 'string')
      throw errorAt(
        place,
        `_base_ must be a path or a list of paths, received ${isObject(request) ? 'an object' : JSON.stringify(request)}. ` +
          "Write _base_: '../_base_/models/faster-rcnn_r50_fpn'",
      );
  return { config, bases: (requests as string[]).map((request) => ({ request, place })) };
}
