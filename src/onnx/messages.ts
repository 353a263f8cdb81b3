// ONNX's protobuf messages, the part that DetLab writes: onnx.proto of ONNX 1.16 (IR version 9) as a descriptor of protobufjs.

import type { Type } from 'protobufjs/light';

const optional = (id: number, type: string) => ({ id, type });
const repeated = (id: number, type: string) => ({ id, type, rule: 'repeated' });

const MESSAGES = {
  nested: {
    ModelProto: {
      fields: {
        irVersion: optional(1, 'int64'),
        producerName: optional(2, 'string'),
        producerVersion: optional(3, 'string'),
        docString: optional(6, 'string'),
        graph: optional(7, 'GraphProto'),
        opsetImport: repeated(8, 'OperatorSetIdProto'),
        metadataProps: repeated(14, 'StringStringEntryProto'),
      },
    },
    OperatorSetIdProto: { fields: { domain: optional(1, 'string'), version: optional(2, 'int64') } },
    StringStringEntryProto: { fields: { key: optional(1, 'string'), value: optional(2, 'string') } },
    GraphProto: {
      fields: {
        node: repeated(1, 'NodeProto'),
        name: optional(2, 'string'),
        initializer: repeated(5, 'TensorProto'),
        input: repeated(11, 'ValueInfoProto'),
        output: repeated(12, 'ValueInfoProto'),
      },
    },
    NodeProto: {
      fields: {
        input: repeated(1, 'string'),
        output: repeated(2, 'string'),
        name: optional(3, 'string'),
        opType: optional(4, 'string'),
        attribute: repeated(5, 'AttributeProto'),
      },
    },
    AttributeProto: {
      fields: {
        name: optional(1, 'string'),
        f: optional(2, 'float'),
        i: optional(3, 'int64'),
        s: optional(4, 'bytes'),
        t: optional(5, 'TensorProto'),
        g: optional(6, 'GraphProto'),
        floats: repeated(7, 'float'),
        ints: repeated(8, 'int64'),
        type: optional(20, 'int32'),
      },
    },
    TensorProto: {
      fields: {
        dims: repeated(1, 'int64'),
        dataType: optional(2, 'int32'),
        name: optional(8, 'string'),
        rawData: optional(9, 'bytes'),
      },
    },
    ValueInfoProto: {
      fields: { name: optional(1, 'string'), type: optional(2, 'TypeProto'), docString: optional(3, 'string') },
    },
    TypeProto: { fields: { tensorType: optional(1, 'TypeTensor') } },
    TypeTensor: { fields: { elemType: optional(1, 'int32'), shape: optional(2, 'TensorShapeProto') } },
    TensorShapeProto: { fields: { dim: repeated(1, 'Dimension') } },
    Dimension: { fields: { dimValue: optional(1, 'int64'), dimParam: optional(2, 'string') } },
  },
};

let kept: Type | undefined;
/** The message ModelProto; protobufjs is loaded for the first one. */
const modelProtoType = (): Type =>
  (kept ??= (require('protobufjs/light') as typeof import('protobufjs/light')).Root.fromJSON(MESSAGES).lookupType(
    'ModelProto',
  ));

export interface AttributeMessage {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorMessage;
  g?: GraphMessage;
  floats?: readonly number[];
  ints?: readonly number[];
}
export interface TensorMessage {
  name?: string;
  dims: readonly number[];
  dataType: number;
  rawData: Uint8Array;
}
export interface NodeMessage {
  opType: string;
  name: string;
  input: readonly string[];
  output: readonly string[];
  attribute: readonly AttributeMessage[];
}
export interface ValueMessage {
  name: string;
  docString?: string;
  type: { tensorType: { elemType: number; shape: { dim: readonly { dimValue?: number; dimParam?: string }[] } } };
}
export interface GraphMessage {
  name: string;
  node: readonly NodeMessage[];
  initializer: readonly TensorMessage[];
  input: readonly ValueMessage[];
  output: readonly ValueMessage[];
}
export interface ModelMessage {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  docString: string;
  opsetImport: readonly { domain: string; version: number }[];
  metadataProps: readonly { key: string; value: string }[];
  graph: GraphMessage;
}

/** The bytes of an ONNX file. */
export function encodeModel(model: ModelMessage): Uint8Array {
  return modelProtoType().encode(model).finish();
}
