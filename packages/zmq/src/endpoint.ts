/** ZeroMQ's addresses as text: `tcp://127.0.0.1:28332`, `tcp://[::1]:28332`, `tcp://*:28332`, `ipc:///run/coind.sock`. */
import { isIP } from 'node:net';

/** Where a publisher listens. */
export type Endpoint =
  | {
      readonly transport: 'tcp';
      /** An IP address, `*` for all of the machine's, or the name of an interface or host. */
      readonly host: string;
      /** 0 for any that is free. */
      readonly port: number;
    }
  | { readonly transport: 'ipc'; readonly path: string };

/** A text that is no endpoint, or one that nobody can listen on. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}

/** Reads an endpoint. Throws {@link EndpointError}. */
export function parseEndpoint(text: string): Endpoint {
  const [, transport, rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (transport === undefined) throw new EndpointError(`${text} is no endpoint: Invalid argument`);
  if (transport === 'tcp') return parseTcp(text, rest);
  if (transport !== 'ipc') throw new EndpointError(`${text}: Protocol not supported`);
  if (rest === '') throw new EndpointError(`${text} names no file: Invalid argument`);
  return { transport: 'ipc', path: rest };
}

function parseTcp(text: string, rest: string): Endpoint {
  const [, bracketed, plain, portText] =
    /^(?:\[([^\]]+)\]|([^:]+)):(\*|[0-9]{1,5})$/.exec(rest) ?? [];
  const host = bracketed ?? plain;
  const port = portText === '*' ? 0 : Number(portText);
  const isAddress = bracketed === undefined || isIP(bracketed) === 6;
  if (host === undefined || !isAddress || !(port <= 65_535)) {
    throw new EndpointError(`${text} is no endpoint: Invalid argument`);
  }
  return { transport: 'tcp', host, port };
}

/** The endpoint as text. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.transport === 'ipc') return `ipc://${endpoint.path}`;
  const { host, port } = endpoint;
  return `tcp://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
