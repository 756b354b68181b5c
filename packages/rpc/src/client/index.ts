/** The client side: everything a program or a browser needs to talk to a server. */
export { RpcError } from '../error.ts';
export type { CallValue, Client, ClientOptions, Fetch } from './client.ts';
export { createClient, TransportError } from './client.ts';
