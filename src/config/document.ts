// A config file before it is merged with its bases.

import { type ConfigObject, type ConfigValue, isObject } from './data';
import { notePlaces, placesOf } from './places';
import { errorAt, type Place } from './source';

export interface BaseRequest {
  /** As written in `_base_`, or after `from` in an import. */
  request: string;
  place: Place;
}

export interface ConfigDocument {
  /** The config without `_base_`. */
  config: ConfigObject;
  bases: BaseRequest[];
  /** Constants that other files may import by name. */
  exports: ReadonlyMap<string, ConfigValue>;
}

/** The result of importing another config file; `config` is merged with its bases. */
export interface ImportedConfig {
  config: ConfigObject;
  exports: ReadonlyMap<string, ConfigValue>;
}
export type ImportConfig = (request: BaseRequest) => ImportedConfig;

/** Splits `_base_` (a path or a list of paths) off a config. */
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
        `expected a path or a list of paths in _base_, received ${isObject(request) ? 'an object' : JSON.stringify(request)}. ` +
          "Write _base_: '../_base_/models/faster-rcnn_r50_fpn'",
      );
  return { config, bases: (requests as string[]).map((request) => ({ request, place })) };
}
