// Source positions of an object's keys, kept aside for `detlab config explain`.

import type { ConfigObject } from './data';

export interface KeyPlace {
  file: string;
  line: number;
}
type Places = (key: string) => KeyPlace | undefined;

const known = new WeakMap<ConfigObject, Places>();

export const placesOf = (object: ConfigObject): Places | undefined => known.get(object);

export function notePlaces(object: ConfigObject, places: Places): void {
  known.set(object, places);
}
