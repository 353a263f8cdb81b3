// What holds tensors, by name, for the memory report: models, optimizers, averages of weights. Being listed keeps nothing
// alive.

import type * as tf from '@tensorflow/tfjs';

export interface Holder {
  /** `model`, `optimizer`, ... */
  kind: string;
  name: string;
  /** Its type: `FasterRCNN`, `SGD`. */
  type: string;
  tensors: tf.Tensor[];
  /** Bytes of arrays in JavaScript's own memory. */
  hostBytes?: number;
}

const listed = new Map<WeakRef<object>, (owner: never) => Holder>();

/**
 * Lists an owner of tensors for as long as it lives.
 *
 * @param describe must not refer to the owner otherwise than by its argument
 */
export function listHolder<T extends object>(owner: T, describe: (owner: T) => Holder): void {
  for (const reference of listed.keys()) if (!reference.deref()) listed.delete(reference);
  listed.set(new WeakRef(owner), describe);
}

/** What is held now, with its owners, in the order of listing; what was disposed is left out. */
export function holders(): { owner: object; holder: Holder }[] {
  return [...listed].flatMap(([reference, describe]) => {
    const owner = reference.deref();
    if (!owner) return [];
    const holder = describe(owner as never);
    holder.tensors = holder.tensors.filter((tensor) => !tensor.isDisposed);
    return holder.tensors.length > 0 ? [{ owner, holder }] : [];
  });
}
