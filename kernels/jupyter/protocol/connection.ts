// The connection file: the addresses of the sockets, and the key that signs messages.

import { readFileSync } from 'node:fs';

export interface Connection {
  transport: 'tcp' | 'ipc';
  ip: string;
  key: string;
  signature_scheme: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
}

const PORTS = ['shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port'] as const;

/** Reads and checks a connection file. Errors do not quote its contents: the key is a secret. */
export function readConnection(path: string): Connection {
  let connection: Connection;
  try {
    connection = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(
      `Cannot read the connection file ${path}: ${(error as NodeJS.ErrnoException).code ?? 'it is not JSON'}`,
    );
  }
  const missing = [...PORTS, 'ip', 'key'].filter((name) => connection[name as keyof Connection] === undefined);
  if (missing.length) throw new Error(`The connection file ${path} lacks ${missing.join(', ')}`);
  if (connection.key && connection.signature_scheme !== 'hmac-sha256') {
    throw new Error(`Cannot sign with "${connection.signature_scheme}": the kernel supports hmac-sha256`);
  }
  return connection;
}

/** The address of one socket. */
export function address(connection: Connection, port: (typeof PORTS)[number]): string {
  const separator = connection.transport === 'ipc' ? '-' : ':';
  return `${connection.transport ?? 'tcp'}://${connection.ip}${separator}${connection[port]}`;
}
